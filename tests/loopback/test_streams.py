"""Bodies piece by piece: `bytes()` and delegates, and who waits for whom."""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import pytest

from urlsession import AsyncBytes, URLError, URLErrorCode, URLSession, UsageError
from urlsession.loading.unpacker import unpackers
from urlsession.testing import (
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
MIB = 1024 * 1024
SIZE = 256 * MIB
PIECE = bytes(MIB)
GROWTH_LIMIT = 24 * MIB  # bytes; the water mark, buffers of libcurl, and slack


def rss() -> int:
    """Return the memory of this process that is resident, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


class Large:
    """A handler that sends 256 MiB and counts what went out."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // MIB):
            connection.send(PIECE)
            self.sent += MIB

    def wait_stuck(self) -> int:
        """Wait until nothing more goes out; return how much had."""
        seen = [-1]

        def is_stuck() -> bool:
            before, seen[0] = seen[0], self.sent
            return before == self.sent > 0

        assert wait_until(is_stuck, 5, every_s=0.1)
        return self.sent


# -- both doors ----------------------------------------------------------------------


@pytest.mark.parity("1:bytes(for:delegate:), bytes(from:delegate:)")
def test_stream_is_read_on_a_loop(serve: Serve, loop_factory: LoopFactory) -> None:
    """Every byte, in order, in more than one chunk."""
    body = bytes(range(256)) * 20_000
    server = serve(fixed_body(body))

    async def story() -> list[bytes]:
        async with URLSession() as session:
            chunks, response = await session.bytes(server.url())
            assert response.expected_content_length == len(body)
            return [chunk async for chunk in chunks]

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        pieces = runner.run(story())

    assert b"".join(pieces) == body
    assert len(pieces) > 1


@pytest.mark.parity("1:bytes(for:delegate:), bytes(from:delegate:)")
def test_stream_is_read_without_a_loop(serve: Serve) -> None:
    """By a plain loop."""
    body = bytes(range(256)) * 20_000
    server = serve(fixed_body(body))
    with URLSession() as session:
        chunks, response = session.bytes(server.url()).result(5)

        assert b"".join(chunks) == body
        assert response.status_code == 200


def test_head_comes_before_the_body_does(serve: Serve) -> None:
    """The stream is there as soon as the head is."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        go.wait(5)
        connection.send(b"body")

    with URLSession() as session:
        chunks, _ = session.bytes(serve(handle).url()).result(5)
        go.set()
        assert chunks.read() == b"body"


@pytest.mark.parametrize("body", [b"", b"x"])
def test_short_streams_end(serve: Serve, body: bytes) -> None:
    """Also an empty one."""
    server = serve(fixed_body(body))

    async def story() -> bytes:
        async with URLSession() as session:
            chunks, _ = await session.bytes(server.url())
            return await chunks.aread()

    assert asyncio.run(story()) == body


def test_stream_is_read_once(serve: Serve) -> None:
    """Its bytes are gone after that."""
    server = serve(fixed_body(b"body"))
    with URLSession() as session:
        load = session.bytes(server.url())
        chunks, _ = load.result(5)
        chunks.read()

        with pytest.raises(UsageError):
            chunks.read()
        with pytest.raises(UsageError):
            load.result(5)


def test_stream_of_a_loop_may_be_read_on_another_thread(serve: Serve) -> None:
    """Blocking, while the loop drives."""
    body = bytes(5 * MIB)
    server = serve(fixed_body(body))

    async def story() -> int:
        async with URLSession() as session:
            chunks, _ = await session.bytes(server.url())
            return len(await asyncio.to_thread(chunks.read))

    assert asyncio.run(story()) == len(body)


def test_blocking_read_on_the_loops_own_thread_raises_at_once(serve: Serve) -> None:
    """Waiting there would never end."""

    def half(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        connection.hold()

    server = serve(half)

    async def story() -> None:
        async with URLSession() as session:
            chunks, _ = await session.bytes(server.url())
            with pytest.raises(UsageError):
                chunks.read()

    asyncio.run(story())


def test_failure_comes_after_what_was_received(serve: Serve) -> None:
    """As an error, never as an early end."""

    def half(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")

    with URLSession() as session:
        chunks, _ = session.bytes(serve(half).url()).result(5)
        iterator = iter(chunks)

        assert next(iterator) == b"half"
        with pytest.raises(URLError) as caught:
            next(iterator)
        assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


# -- lines ---------------------------------------------------------------------------


def in_pieces(*pieces: bytes) -> Callable[[ServerConnection], None]:
    """Return a handler that sends a chunked body, one piece after another is read."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        pause = threading.Event()
        for piece in pieces:
            connection.send_chunk(piece)
            pause.wait(0.005)
        connection.send_chunk(b"")

    return handle


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ((b"a\nb\n",), [b"a", b"b"]),
        ((b"a\nb",), [b"a", b"b"]),
        ((b"a\r\nb\r\n",), [b"a", b"b"]),
        ((b"a\r", b"\nb"), [b"a", b"b"]),
        ((b"a", b"b", b"\nc"), [b"ab", b"c"]),
        ((b"\n\n",), [b"", b""]),
        ((b"a\rb\n",), [b"a\rb"]),
    ],
)
def test_lines_are_put_together_across_chunks(
    serve: Serve, pieces: tuple[bytes, ...], lines: list[bytes]
) -> None:
    """LF and CRLF end a line, whatever comes with what; in both doors."""
    url = serve(in_pieces(*pieces)).url()

    async def story() -> list[bytes]:
        async with URLSession() as session:
            chunks, _ = await session.bytes(url)
            return [line async for line in chunks.lines()]

    with URLSession() as session:
        chunks, _ = session.bytes(url).result(5)
        blocking = list(chunks.lines())

    assert blocking == lines
    assert asyncio.run(story()) == lines


def test_line_without_an_end_is_refused_before_it_fills_the_memory(
    serve: Serve,
) -> None:
    """The limit is the reader's."""
    server = serve(fixed_body(b"x" * 5000 + b"\n"))
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        with pytest.raises(ValueError, match="1000"):
            list(chunks.lines(limit=1000))


# -- decoding --------------------------------------------------------------------------

TEXT = b"How vexingly quick daft zebras jump! " * 1000


def raw_deflate(data: bytes) -> bytes:
    """Compress without a zlib header, as some servers do."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
    ],
    ids=["gzip", "deflate-zlib", "deflate-raw", "br"],
)
def test_encoded_body_is_decoded(
    serve: Serve, name: str, encode: Callable[[bytes], bytes]
) -> None:
    """Its length is not known then."""
    encoded = encode(TEXT)
    server = serve(answering(lambda _r: (200, [("Content-Encoding", name)], encoded)))
    with URLSession() as session:
        task = session.data(server.url())
        collected, response = task.result(5)

    assert collected == TEXT
    assert response.expected_content_length == -1
    assert name in (server.requests[0].header("Accept-Encoding") or "")
    assert task.metrics is not None
    one = task.metrics.transaction_metrics[0]
    assert one.count_of_response_body_bytes_received == len(encoded)
    assert one.count_of_response_body_bytes_after_decoding == len(TEXT)


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
    ],
    ids=["gzip", "deflate-zlib", "deflate-raw", "br"],
)
def test_encoded_stream_is_decoded(
    serve: Serve, name: str, encode: Callable[[bytes], bytes]
) -> None:
    """As it comes, in both doors; only what can be decoded so is asked for."""
    server = serve(
        answering(lambda _r: (200, [("Content-Encoding", name)], encode(TEXT)))
    )

    async def story() -> bytes:
        async with URLSession() as session:
            chunks, _ = await session.bytes(server.url())
            return await chunks.aread()

    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        blocking = chunks.read()

    assert asyncio.run(story()) == blocking == TEXT
    assert name in (server.requests[0].header("Accept-Encoding") or "")


def test_br_is_not_asked_for_without_its_package(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For streams; whole bodies are libcurl's business."""
    monkeypatch.setitem(sys.modules, "brotli", None)
    unpackers.cache_clear()
    server = serve(fixed_body(b"x"))
    try:
        with URLSession() as session:
            session.bytes(server.url()).result(5)[0].read()
            session.data(server.url()).result(5)
    finally:
        unpackers.cache_clear()

    streamed, whole = (one.header("Accept-Encoding") or "" for one in server.requests)
    assert streamed.removesuffix(", zstd") == "gzip, deflate"
    assert "br" in whole


def test_coded_body_is_decoded_for_a_delegate_too(serve: Serve) -> None:
    """It is a stream as well."""
    answer = 200, [("Content-Encoding", "br")], brotli.compress(TEXT)
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(answering(lambda _r: answer)).url())
        task.resume()
        task.result(5)

    assert delegate.received == TEXT


def test_body_that_is_not_what_it_says_fails(serve: Serve) -> None:
    """-1015, as Foundation has it."""
    server = serve(answering(lambda _r: (200, [("Content-Encoding", "gzip")], TEXT)))
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(server.url()).result(5)

    assert caught.value.code is URLErrorCode.CANNOT_DECODE_RAW_DATA


# -- backpressure ----------------------------------------------------------------------


@pytest.mark.slow
def test_slow_consumer_on_a_loop_pauses_the_transfer(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """While nobody reads little goes out; then all of it; memory stays flat."""
    large = Large()
    server = serve(large)

    async def story() -> tuple[int, int, int]:
        async with URLSession() as session:
            chunks, _ = await session.bytes(server.url())
            stuck_at = await asyncio.to_thread(large.wait_stuck)
            before = rss()
            peak = received = 0
            async for chunk in chunks:
                received += len(chunk)
                peak = max(peak, rss())
            return stuck_at, received, peak - before

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        stuck_at, received, growth = runner.run(story())

    assert stuck_at < 32 * MIB
    assert received == SIZE
    assert growth < GROWTH_LIMIT


@pytest.mark.slow
def test_slow_consumer_without_a_loop_pauses_the_transfer(serve: Serve) -> None:
    """The same for a thread that reads."""
    large = Large()
    server = serve(large)
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        stuck_at = large.wait_stuck()
        before = rss()
        peak = received = 0
        for chunk in chunks:
            received += len(chunk)
            peak = max(peak, rss())

    assert stuck_at < 32 * MIB
    assert received == SIZE
    assert peak - before < GROWTH_LIMIT


def test_paused_stream_keeps_neither_the_loop_nor_others_busy(serve: Serve) -> None:
    """No wake-ups while it is paused, and another load over the same session."""
    large = Large()
    stuck, other = serve(large), serve(fixed_body(b"x"))
    with URLSession() as session:
        chunks, _ = session.bytes(stuck.url()).result(5)
        large.wait_stuck()
        [connection] = session.connections()
        begun = _cpu_s()
        threading.Event().wait(0.3)
        used_s = _cpu_s() - begun

        assert used_s < 0.1
        assert connection.state.value == "active"
        assert session.data(other.url()).result(5).data == b"x"
        chunks.close()


def _cpu_s() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Slow(RecordingDelegate):
    """A delegate that stops at the first piece until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.size = 0
        self.peak = 0

    def data_task_did_receive_data(
        self, session: object, data_task: object, data: bytes
    ) -> None:
        """Count instead of keeping."""
        self.go.wait(10)
        self.size += len(data)
        self.peak = max(self.peak, rss())


@pytest.mark.slow
@pytest.mark.parity("16.4:delegate queue blocked")
def test_slow_delegate_pauses_the_transfer(serve: Serve) -> None:
    """What waits for it is bounded, as Apple's is not."""
    large, delegate = Large(), Slow()
    server = serve(large)
    before = rss()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        stuck_at = large.wait_stuck()
        delegate.go.set()
        task.result(20)

    assert stuck_at < 32 * MIB
    assert delegate.size == SIZE
    assert delegate.peak - before < GROWTH_LIMIT + 8 * MIB


@pytest.mark.slow
def test_awaitable_delegate_pauses_the_transfer(serve: Serve) -> None:
    """A coroutine that takes its time holds the pieces after it."""
    large = Large()
    server = serve(large)

    class Awaits:
        size = 0

        async def data_task_did_receive_data(
            self, _session: object, _task: object, data: bytes
        ) -> None:
            if not self.size:
                stuck_at.append(await asyncio.to_thread(large.wait_stuck))
            self.size += len(data)

    stuck_at: list[int] = []
    delegate = Awaits()

    async def story() -> None:
        async with URLSession(delegate=delegate) as session:
            task = session.data_task(server.url())
            task.resume()
            await task

    asyncio.run(story())

    assert delegate.size == SIZE
    assert stuck_at[0] < 32 * MIB


def test_delegate_that_decides_slowly_pauses_the_transfer(serve: Serve) -> None:
    """Until it has let the response in, little of the body is taken."""
    large = Large()
    server = serve(large)
    stuck_at: list[int] = []

    class Decides(RecordingDelegate):
        def data_task_did_receive_data(self, *_: object) -> None:
            pass

    def decide(_session: object, task: object, _response: object) -> None:
        stuck_at.append(large.wait_stuck())
        task.cancel()  # type: ignore[attr-defined]  # recorded as object

    delegate = Decides({"data_task_did_receive_response": decide})
    with URLSession(delegate=delegate) as session:
        session.data_task(server.url()).resume()
        delegate.wait_for("task_did_complete", 10)

    assert stuck_at[0] < 32 * MIB


def test_many_streams_are_read_side_by_side(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """Each pauses and goes on for itself."""

    def answer(request: ReceivedRequest) -> Answer:
        return 200, [], request.target[1:2].encode() * (4 * MIB)

    server = serve(answering(answer))

    async def read(chunks: AsyncBytes) -> tuple[int, set[int]]:
        size = 0
        seen: set[int] = set()
        async for chunk in chunks:
            size += len(chunk)
            seen.update(chunk[:1], chunk[-1:])
            await asyncio.sleep(0)
        return size, seen

    async def story() -> list[tuple[int, set[int]]]:
        async with URLSession() as session:
            opened = [(await session.bytes(server.url(f"/{n}")))[0] for n in range(6)]
            return await asyncio.gather(*(read(one) for one in opened))

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        found = runner.run(story())

    assert found == [(4 * MIB, {ord(str(n))}) for n in range(6)]


# -- closing ---------------------------------------------------------------------------


def test_closed_stream_cancels_its_transfer(serve: Serve) -> None:
    """By `close`, by leaving a block, by breaking out of the loop."""
    server = serve(Large())
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        chunks.close()
        with session.bytes(server.url()).result(5)[0]:
            pass
        for _ in session.bytes(server.url()).result(5)[0]:
            break

        assert server.wait_all_ended(2)
        assert session.all_tasks() == []


def test_suspended_stream_is_not_resumed_by_its_reader(serve: Serve) -> None:
    """Taking what is there does not undo `suspend`."""
    large = Large()
    server = serve(large)
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        large.wait_stuck()
        chunks.task.suspend()
        iterator = iter(chunks)
        while chunks.task.take() is not None:
            pass
        sent = large.sent
        threading.Event().wait(0.1)

        assert large.sent == sent
        chunks.task.resume()
        assert next(iterator)
        del iterator
