"""Bodies that show to be large: gathered in C, and given in batches.

Everything that holds for a stream holds for these too; `GATHERED_FROM` bytes on, they
come another way (`engine.gathering`). Memory as a whole: test_streams.py.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    ResponseDisposition,
    URLCache,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.loading.options import STREAM_BUFFER_SIZE
from urlsession.tasks import data_task
from urlsession.tasks.data_task import GATHERED_FROM
from urlsession.tasks.stream import HIGH_WATER, LOW_WATER, StreamedDataTask
from urlsession.testing import (
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
    wait_until,
)
from urlsession.testing.h2_server import H2Handler, H2Stream

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
MIB = 1024 * 1024
BODY = bytes(range(251)) * (8 * MIB // 251)  # no two pieces of it are alike
LIBCURL_PIECE = 16 * 1024
READS = 23  # of libcurl: 22 at most before it returns, and what a pause held back


def endless(connection: ServerConnection) -> None:
    """Send until nobody takes it any more."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while connection.is_open:
        connection.send_chunk(bytes(MIB))


def waiting_bytes(task: StreamedDataTask) -> int:
    """Return how much of a stream is in memory, unread."""
    return task._received - task._taken


def test_every_byte_comes_in_order(serve: Serve, loop_factory: LoopFactory) -> None:
    """On a loop and without one, in pieces of libcurl's size."""
    url = serve(fixed_body(BODY)).url()

    async def story() -> list[bytes]:
        async with URLSession() as session:
            chunks, _ = await session.bytes(url)
            return [chunk async for chunk in chunks]

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        on_loop = runner.run(story())
    with URLSession() as session:
        without = list(session.bytes(url).result(5)[0])

    assert b"".join(on_loop) == b"".join(without) == BODY
    assert max(map(len, on_loop + without)) <= LIBCURL_PIECE


def test_no_python_is_run_for_each_piece(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a body has shown to be large, and libcurl has returned."""
    offered: list[int] = []
    take = StreamedDataTask.load_did_receive_data

    def counted(task: StreamedDataTask, data: bytes) -> bool:
        offered.append(len(data))
        return take(task, data)

    monkeypatch.setattr(StreamedDataTask, "load_did_receive_data", counted)
    with URLSession() as session:
        pieces = list(session.bytes(serve(fixed_body(BODY)).url()).result(5)[0])

    assert len(pieces) >= len(BODY) // LIBCURL_PIECE
    assert sum(offered) <= GATHERED_FROM + READS * STREAM_BUFFER_SIZE


def test_small_body_is_not_gathered(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of a server need not wait for each other."""
    monkeypatch.delattr(StreamedDataTask, "load_did_receive_pieces")
    body = bytes(GATHERED_FROM - 1)
    with URLSession() as session:
        chunks, _ = session.bytes(serve(fixed_body(body)).url()).result(5)

        assert chunks.read() == body


def test_what_waits_to_be_read_is_bounded(serve: Serve) -> None:
    """Whenever the consumer stops; it goes on where it was."""
    server = serve(fixed_body(BODY * 4))
    limit = HIGH_WATER + READS * STREAM_BUFFER_SIZE
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        received, seen, stops = bytearray(), [0], 0
        for chunk in chunks:
            received += chunk
            if len(received) // (4 * MIB) > stops:
                stops += 1
                wait_until(lambda: chunks.task._is_starved, 0.5)
            seen.append(waiting_bytes(chunks.task))

    assert received == BODY * 4
    assert max(seen) <= limit


def test_pause_leaves_the_rest_to_the_peer(serve: Serve) -> None:
    """What it sends stays in the kernel's buffers, whose window closes."""
    sent = [0]

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while connection.is_open:
            connection.send_chunk(bytes(MIB))
            sent[0] += MIB

    with URLSession() as session:
        chunks, _ = session.bytes(serve(handle).url()).result(5)
        iterator = iter(chunks)
        while chunks.task._taken < 4 * MIB:
            next(iterator)
        before = [-1]

        def is_stuck() -> bool:
            before[0], last = sent[0], before[0]
            return last == before[0]

        assert wait_until(is_stuck, 5, every_s=0.1)
        assert waiting_bytes(chunks.task) > LOW_WATER  # else it would go on
        assert sent[0] < 64 * MIB
        chunks.close()


def test_closed_stream_closes_its_connection(serve: Serve) -> None:
    """In the middle, and nothing of it is left."""
    server = serve(endless)
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > 4 * MIB:
                break

        assert server.wait_all_ended(2)
        assert session.connections() == []
        assert session.all_tasks() == []


def test_cancelled_reader_cancels_the_transfer(
    serve: Serve, loop_factory: LoopFactory
) -> None:
    """While it reads; the asyncio task that awaits is what is cancelled."""
    server = serve(endless)

    async def read(session: URLSession, has_begun: asyncio.Event) -> None:
        chunks, _ = await session.bytes(server.url())
        async for _ in chunks:
            if chunks.task._taken > 4 * MIB:
                has_begun.set()
                await asyncio.sleep(0)

    async def story() -> bool:
        async with URLSession() as session:
            has_begun = asyncio.Event()
            reader = asyncio.create_task(read(session, has_begun))
            await has_begun.wait()
            reader.cancel()
            await asyncio.wait([reader])
            return await asyncio.to_thread(server.wait_all_ended, 2)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(story())


def test_failure_comes_after_everything_that_was_received(serve: Serve) -> None:
    """In whichever batch it was."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(BODY) + 1)
        connection.send(head + BODY)

    received: list[bytes] = []
    with URLSession() as session:
        chunks, _ = session.bytes(serve(handle).url()).result(5)
        with pytest.raises(URLError) as caught:
            received.extend(chunks)  # up to the error

    assert b"".join(received) == BODY
    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


def test_connection_is_used_again(serve: Serve) -> None:
    """And the handle: what comes next on it is not gathered with anything."""
    server = serve(
        answering(lambda r: (200, [], BODY if r.target == "/large" else b"small"))
    )
    with URLSession() as session:
        for _ in range(3):
            chunks, _ = session.bytes(server.url("/large")).result(5)
            assert chunks.read() == BODY
            assert session.data(server.url("/small")).result(5).data == b"small"

    assert server.accepted == 1


def test_metrics_count_all_of_it(serve: Serve) -> None:
    """Received and, there being no coding, decoded."""
    with URLSession() as session:
        chunks, _ = session.bytes(serve(fixed_body(BODY)).url()).result(5)
        chunks.read()
        metrics = chunks.task.metrics

    assert metrics is not None
    [one] = metrics.transaction_metrics
    assert one.count_of_response_body_bytes_received == len(BODY)
    assert one.count_of_response_body_bytes_after_decoding == len(BODY)


def test_coded_body_is_decoded(serve: Serve) -> None:
    """Piece by piece as ever: no more of it than is read."""
    coded = gzip.compress(BODY, 1)
    server = serve(
        answering(lambda _r: (200, [("Content-Encoding", "gzip")], coded * 4))
    )
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)

        assert chunks.read() == BODY * 4


def test_redirects_large_body_is_left_out(serve: Serve) -> None:
    """The consumer gets that of the request that follows."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/to":
                connection.send_response(200, [], BODY)
            else:
                connection.send_response(302, [("Location", "/to")], BODY[::-1])

    with URLSession() as session:
        chunks, _ = session.bytes(serve(handle).url("/from")).result(5)

        assert chunks.read() == BODY


def test_cache_gets_all_of_it(serve: Serve) -> None:
    """Of a body that it may keep."""
    body = BODY[:MIB]
    server = serve(
        answering(lambda _r: (200, [("Cache-Control", "max-age=600")], body))
    )
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache = URLCache(64 * MIB, 0)
    with URLSession(configuration) as session:
        chunks, _ = session.bytes(server.url()).result(5)
        chunks.read()
        stored = cache.cached_response(URLRequest(server.url()))

    assert stored is not None
    assert stored.data == body


def test_suspended_stream_goes_on(serve: Serve) -> None:
    """As often as it is suspended; what had come may be read meanwhile."""
    with URLSession() as session:
        chunks, _ = session.bytes(serve(fixed_body(BODY)).url()).result(5)
        received = bytearray()
        for chunk in chunks:
            received += chunk
            if len(received) // MIB != (len(received) - len(chunk)) // MIB:
                chunks.task.suspend()
                chunks.task.resume()

    assert received == BODY


def test_stream_outlives_the_reset_of_its_session(serve: Serve) -> None:
    """On the connection that it has, which takes no other load."""
    server = serve(answering(lambda _r: (200, [], BODY * 4)))
    with URLSession() as session:
        chunks, _ = session.bytes(server.url()).result(5)
        received = bytearray()
        for chunk in chunks:
            if len(received) <= 4 * MIB < len(received) + len(chunk):
                session.reset().result(5)
            received += chunk

    assert received == BODY * 4


def test_streams_of_one_http2_connection_pause_for_themselves(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Two are read in turns, one only when they have come to their end."""

    def large(stream: H2Stream) -> None:
        stream.respond(200, [], BODY)

    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    context = ca.server_context(alpn=("h2", "http/1.1"))
    server = serve(H2Handler(large), tls=context)
    with URLSession(configuration) as session:
        opened = [session.bytes(server.url(f"/{n}")).result(5)[0] for n in range(3)]
        last = opened.pop()
        first, second = (bytearray(), bytearray())
        for one, other in zip(*opened, strict=False):
            first += one
            second += other
        assert last.read() == BODY

    shorter, longer = sorted((first, second), key=len)
    assert BODY.startswith(bytes(shorter))
    assert BODY.startswith(bytes(longer))
    assert len(longer) > GATHERED_FROM


def test_other_loads_have_their_turns(serve: Serve) -> None:
    """A body that never ends, and is read as fast as it comes, holds up nobody."""
    endless_server, server = serve(endless), serve(fixed_body(b"other"))
    is_over = threading.Event()

    async def story() -> list[bytes]:
        async with URLSession() as session:
            chunks, _ = await session.bytes(endless_server.url())

            async def read() -> None:
                async for _ in chunks:
                    if is_over.is_set():
                        return

            reader = asyncio.create_task(read())
            found = [(await session.data(server.url())).data for _ in range(20)]
            is_over.set()
            await reader
            return found

    assert asyncio.run(story()) == [b"other"] * 20


# -- delegates ---------------------------------------------------------------------------


class Notes(RecordingDelegate):
    """A delegate that notes how long each piece was."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def data_task_did_receive_data(
        self, session: object, data_task: object, data: bytes
    ) -> None:
        """Keep it, and its length."""
        self.lengths.append(len(data))
        super().data_task_did_receive_data(session, data_task, data)


def test_delegate_gets_every_byte_in_few_calls(serve: Serve) -> None:
    """A batch as one piece, once a body has shown to be large."""
    delegate = Notes()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(fixed_body(BODY)).url())
        task.resume()
        task.result(10)

    assert delegate.received == BODY
    assert max(delegate.lengths) > LIBCURL_PIECE
    assert max(delegate.lengths) <= READS * STREAM_BUFFER_SIZE


def test_what_waits_for_a_delegate_is_bounded(serve: Serve) -> None:
    """It stops at a piece, and goes on when it is let."""
    go, stops = threading.Event(), threading.Event()
    waiting: list[int] = []

    class Stops(Notes):
        def data_task_did_receive_data(
            self, session: object, data_task: object, data: bytes
        ) -> None:
            super().data_task_did_receive_data(session, data_task, data)
            if sum(self.lengths) > 2 * MIB and not stops.is_set():
                stops.set()
                go.wait(5)

    delegate = Stops()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(fixed_body(BODY * 4)).url())
        task.resume()
        assert stops.wait(5)
        assert wait_until(lambda: task._is_starved, 5)
        waiting.append(task._undelivered)
        go.set()
        task.result(10)

    assert delegate.received == BODY * 4
    assert waiting[0] > data_task.LOW_WATER
    assert waiting[0] <= data_task.HIGH_WATER + 2 * READS * STREAM_BUFFER_SIZE


@pytest.mark.parametrize("has_method", [True, False])
def test_whole_body_is_kept_for_who_takes_no_pieces(
    serve: Serve, *, has_method: bool
) -> None:
    """The delegate gets it at once, or the task has it as its result."""

    class Responses:
        def data_task_did_receive_response(self, *_: object) -> ResponseDisposition:
            return ResponseDisposition.ALLOW

    delegate = Notes() if has_method else Responses()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(fixed_body(BODY)).url())
        task.prefers_incremental_delivery = False
        task.resume()
        result = task.result(10).data

    if isinstance(delegate, Notes):
        assert delegate.lengths == [len(BODY)]
        assert delegate.received == BODY
    else:
        assert result == BODY


def test_delegate_is_told_of_the_failure_after_what_came(serve: Serve) -> None:
    """All of it."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(BODY) + 1)
        connection.send(head + BODY)

    delegate = Notes()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(handle).url())
        task.resume()
        with pytest.raises(URLError):
            task.result(10)

    assert delegate.received == BODY
    assert delegate.names[-2:] == ["task_did_complete", "session_did_become_invalid"]
