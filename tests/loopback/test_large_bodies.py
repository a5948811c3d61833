"""Whole bodies that show to be large: collected in one place instead of a list."""

from __future__ import annotations

import asyncio
import gzip
import threading
import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from urlsession import URLError, URLErrorCode, URLSession
from urlsession.engine.handle import Handle
from urlsession.testing import ServerConnection, answering, fixed_body

if TYPE_CHECKING:
    from ..conftest import Serve

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
MIB = 1024 * 1024
BODY = bytes(range(251)) * (32 * MIB // 251)  # no two pieces of it are alike


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    """Return the handles that were told to collect in one place."""
    told: list[Handle] = []
    collect = Handle.collect_large

    def note(handle: Handle) -> None:
        told.append(handle)
        collect(handle)

    monkeypatch.setattr(Handle, "collect_large", note)
    return told


def test_every_byte_comes_in_order(
    serve: Serve, loop_factory: LoopFactory, collected: list[Handle]
) -> None:
    """On a loop and without one."""
    url = serve(fixed_body(BODY)).url()

    async def story() -> bytes:
        async with URLSession() as session:
            return (await session.data(url)).data

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        on_loop = runner.run(story())
    with URLSession() as session:
        without = session.data(url).result(10).data

    assert on_loop == without == BODY
    assert len(collected) == 2


def test_body_is_in_memory_once(serve: Serve) -> None:
    """Not in pieces and whole at the same time."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        connection.send(BODY)  # which copies nothing, and is measured too

    url = serve(handle).url()
    with URLSession() as session:
        tracemalloc.start()
        try:
            data = session.data(url).result(10).data
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert data == BODY
    assert peak < 1.5 * len(BODY)


def test_small_body_stays_as_it_came(serve: Serve, collected: list[Handle]) -> None:
    """Nothing is made for it, whenever its bytes come."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        pause = threading.Event()
        for _ in range(4):
            connection.send_chunk(b"piece")
            pause.wait(0.005)
        connection.send_chunk(b"")

    with URLSession() as session:
        assert session.data(serve(handle).url()).result(5).data == b"piece" * 4

    assert collected == []


def test_handle_is_used_again(serve: Serve, collected: list[Handle]) -> None:
    """For a small body, on the same connection, and for a large one after it."""
    server = serve(
        answering(lambda r: (200, [], BODY if r.target == "/large" else b"small"))
    )
    with URLSession() as session:
        for _ in range(2):
            assert session.data(server.url("/large")).result(10).data == BODY
            assert session.data(server.url("/small")).result(5).data == b"small"

    assert server.accepted == 1
    assert len(collected) == 2


def test_failure_gives_nothing_of_it(serve: Serve, collected: list[Handle]) -> None:
    """As with a small one; the next load is not affected."""

    def handle(connection: ServerConnection) -> None:
        request = connection.recv_request()
        assert request is not None
        length = len(BODY) + (request.target == "/short")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        connection.send(BODY)

    server = serve(handle)
    with URLSession() as session:
        with pytest.raises(URLError) as caught:
            session.data(server.url("/short")).result(10)

        assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
        assert session.data(server.url("/whole")).result(10).data == BODY

    assert len(collected) == 2


def test_cancelled_load_lets_go_of_it(serve: Serve, collected: list[Handle]) -> None:
    """In the middle."""

    def endless(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while connection.is_open and not collected:
            connection.send_chunk(bytes(MIB))
        connection.hold()

    server = serve(endless)
    with URLSession() as session:
        task = session.data(server.url())
        while not collected:
            threading.Event().wait(0.01)
        task.cancel()
        with pytest.raises(URLError):
            task.result(5)

        assert server.wait_all_ended(2)


def test_coded_body_is_decoded(serve: Serve, collected: list[Handle]) -> None:
    """By libcurl, which hands over what it has decoded."""
    coded = gzip.compress(BODY, 1)
    server = serve(answering(lambda _r: (200, [("Content-Encoding", "gzip")], coded)))
    with URLSession() as session:
        assert session.data(server.url()).result(10).data == BODY


def test_large_bodies_come_side_by_side(serve: Serve, collected: list[Handle]) -> None:
    """Each in its own place, small ones between them."""

    def answer(request: object) -> tuple[int, list[tuple[str, str]], bytes]:
        target = str(getattr(request, "target", ""))
        size = 4 * MIB if target[1:2] in "0123" else 1024
        return 200, [], target[1:2].encode() * size

    server = serve(answering(answer))

    async def story() -> list[bytes]:
        async with URLSession() as session:
            tasks = [session.data(server.url(f"/{n}")) for n in range(8)]
            return [(await task).data for task in tasks]

    found = asyncio.run(story())

    assert [set(one) for one in found] == [{ord(str(n))} for n in range(8)]
    assert [len(one) for one in found] == [4 * MIB] * 4 + [1024] * 4
