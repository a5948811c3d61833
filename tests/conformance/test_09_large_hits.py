"""Large replies on disk: whoever drives loads does not read them.

A read waits until the test lets it; where that is the program's loop, a loop that read by
itself would wait for ever.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    CachePolicy,
    URLCache,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.storage import cache_file
from urlsession.storage.cache_file import LARGE_BYTES
from urlsession.testing import ReceivedRequest, answering, fixed_body

if TYPE_CHECKING:
    from ..conftest import Serve

MiB = 1024 * 1024
DISK = 2048 * MiB
BODY = bytes(range(256)) * (LARGE_BYTES // 256 + 4)
BEATS = 50


class Disk:
    """A disk that takes its time.

    Attributes:
        is_asked: Set once somebody reads a large reply.
        go: Set to let it be read.
        readers: The threads that have read.
    """

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.go = threading.Event()
        self.readers: list[str] = []


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Have large replies come from such a disk."""
    slow = Disk()
    read = cache_file._read_body

    def wait(connection: sqlite3.Connection, number: int) -> bytes:
        slow.readers.append(threading.current_thread().name)
        slow.is_asked.set()
        assert slow.go.wait(10), "nobody lets the disk be read: who waits for it?"
        return read(connection, number)

    monkeypatch.setattr(cache_file, "_read_body", wait)
    yield slow
    slow.go.set()


def cached(answer: Callable[[ReceivedRequest], Any] | None = None) -> Any:
    """Return a handler whose replies may be kept."""
    if answer is not None:
        return answering(answer)
    return answering(lambda _request: (200, [("Cache-Control", "max-age=600")], BODY))


def configured(folder: Path, memory: int = 0) -> URLSessionConfiguration:
    """Return a configuration with a cache that has just been opened."""
    made = URLSessionConfiguration.ephemeral()
    made.url_cache = URLCache(memory, DISK, folder)
    return made


def store(folder: Path, url: str) -> None:
    """Have a reply on disk, and nowhere else."""
    configuration = configured(folder)
    with URLSession(configuration) as session:
        session.data(url).result(10)
    assert configuration.url_cache is not None
    configuration.url_cache.close()


async def beat(disk: Disk) -> int:
    """Count turns of the loop while the disk is read, then let it."""
    while not disk.is_asked.is_set():
        await asyncio.sleep(0)
    for _ in range(BEATS):
        await asyncio.sleep(0.001)
    disk.go.set()
    return BEATS


async def loaded(session: URLSession, url: str, door: str) -> bytes:
    """Return the body, by one of the doors."""
    if door == "data":
        return bytes((await session.data(url)).data)
    chunks, _ = await session.bytes(url)
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("door", ["data", "bytes"])
def test_loop_goes_on_while_a_large_reply_is_read(
    serve: Serve,
    disk: Disk,
    tmp_path: Path,
    door: str,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """By each door that takes stored replies; other loads come between."""
    server, plain = serve(cached()), serve(fixed_body(b"plain"))
    store(tmp_path, server.url())

    async def run() -> tuple[int, bytes]:
        async with URLSession(configured(tmp_path)) as session:
            waits = asyncio.ensure_future(loaded(session, server.url(), door))
            while not disk.is_asked.is_set():
                await asyncio.sleep(0)
            assert (await session.data(plain.url())).data == b"plain"
            beats = await beat(disk)
            return beats, await waits

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        beats, body = runner.run(run())

    assert (beats, body == BODY) == (BEATS, True)
    assert threading.current_thread().name not in disk.readers
    assert server.request_count == 1


def test_io_thread_goes_on_while_a_large_reply_is_read(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """The other sessions that it drives are not held up."""
    server, plain = serve(cached()), serve(fixed_body(b"plain"))
    store(tmp_path, server.url())
    with URLSession(configured(tmp_path)) as session, URLSession() as other:
        task = session.data_task(server.url())
        task.resume()
        assert disk.is_asked.wait(10)
        for one in (session, other):
            assert one.data(plain.url()).result(10).data == b"plain"
        disk.go.set()
        assert task.result(10).data == BODY

    assert server.request_count == 1


def test_small_replies_are_read_where_they_are_asked_for(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """That takes less than another thread would."""
    body = b"x" * 1000
    answer = 200, [("Cache-Control", "max-age=600")], body
    server = serve(answering(lambda _request: answer))
    store(tmp_path, server.url())

    async def run() -> bytes:
        async with URLSession(configured(tmp_path)) as session:
            return bytes((await session.data(server.url())).data)

    assert asyncio.run(run()) == body
    assert server.request_count == 1
    assert disk.readers == []


def test_large_reply_that_was_read_is_in_memory(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """If there is room."""
    server = serve(cached())
    store(tmp_path, server.url())
    disk.go.set()
    with URLSession(configured(tmp_path, memory=4 * MiB)) as session:
        for _ in range(3):
            assert session.data(server.url()).result(10).data == BODY

    assert len(disk.readers) == 1
    assert server.request_count == 1


def test_stale_reply_is_validated_after_it_was_read(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """Once; a 304 makes it the answer."""

    def answer(request: ReceivedRequest) -> Any:
        if request.header("If-None-Match") == '"v"':
            return 304, [("ETag", '"v"')], b""
        return 200, [("ETag", '"v"'), ("Cache-Control", "max-age=0")], BODY

    server = serve(cached(answer))
    store(tmp_path, server.url())
    disk.go.set()
    with URLSession(configured(tmp_path)) as session:
        reply = session.data(server.url()).result(10)

    assert (reply.response.status_code, reply.data == BODY) == (200, True)
    assert [one.header("If-None-Match") for one in server.requests] == [None, '"v"']
    assert len(disk.readers) == 1


@pytest.mark.parametrize("end", ["cancel", "invalidate", "drop"])
def test_load_that_ends_while_its_reply_is_read_leaves_nothing(
    serve: Serve, disk: Disk, tmp_path: Path, end: str
) -> None:
    """It is over at once; what was read afterwards is nobody's."""
    server = serve(cached())
    store(tmp_path, server.url())
    configuration = configured(tmp_path)

    async def run() -> None:
        async with URLSession(configuration) as session:
            if end == "drop":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(session.data(server.url()), 0.1)
            else:
                task = session.data(server.url())
                while not disk.is_asked.is_set():
                    await asyncio.sleep(0)
                if end == "cancel":
                    task.cancel()
                else:
                    session.invalidate_and_cancel()
                with pytest.raises(URLError) as caught:
                    await task
                assert caught.value.code is URLErrorCode.CANCELLED
            assert not disk.go.is_set()
            disk.go.set()

    asyncio.run(run())

    assert server.request_count == 1


def test_reply_that_is_gone_when_it_is_read_is_loaded(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """Another process may have removed it, or it may be damaged."""
    server = serve(cached())
    store(tmp_path, server.url())
    file = tmp_path / cache_file.FILE_NAME
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE reply SET checksum = checksum + 1")
    disk.go.set()
    with URLSession(configured(tmp_path)) as session:
        assert session.data(server.url()).result(10).data == BODY

    assert server.request_count == 2


@pytest.mark.parametrize("is_there", [True, False])
def test_policy_that_only_the_cache_may_answer(
    serve: Serve, disk: Disk, tmp_path: Path, is_there: bool
) -> None:
    """A large reply counts, and one that turns out to be damaged does not."""
    server = serve(cached())
    store(tmp_path, server.url())
    if not is_there:
        file = tmp_path / cache_file.FILE_NAME
        with closing(sqlite3.connect(file)) as other, other:
            other.execute("UPDATE reply SET checksum = checksum + 1")
    disk.go.set()
    request = URLRequest(server.url())
    request.cache_policy = CachePolicy.RETURN_CACHE_DATA_DONT_LOAD
    with URLSession(configured(tmp_path)) as session:
        task = session.data(request)
        if is_there:
            assert task.result(10).data == BODY
        else:
            with pytest.raises(URLError) as caught:
                task.result(10)
            assert caught.value.code is URLErrorCode.RESOURCE_UNAVAILABLE

    assert server.request_count == 1


def test_suspended_load_waits_with_what_was_read(
    serve: Serve, disk: Disk, tmp_path: Path
) -> None:
    """Nothing is told before it is resumed."""
    server = serve(cached())
    store(tmp_path, server.url())
    with URLSession(configured(tmp_path)) as session:
        task = session.data_task(server.url())
        task.resume()
        assert disk.is_asked.wait(10)
        task.suspend()
        disk.go.set()
        with pytest.raises(TimeoutError):
            task.result(0.2)
        task.resume()
        assert task.result(10).data == BODY


@pytest.mark.parametrize("size", [1 * MiB, 17 * MiB])
def test_reply_of_any_size_that_fits_is_kept(
    serve: Serve, tmp_path: Path, size: int
) -> None:
    """Also one that is larger than what else may wait to be written."""
    body = bytes(size)
    answer = 200, [("Cache-Control", "max-age=600")], body
    server = serve(answering(lambda _request: answer))
    store(tmp_path, server.url())
    with URLSession(configured(tmp_path)) as session:
        assert session.data(server.url()).result(10).data == body

    assert server.request_count == 1
