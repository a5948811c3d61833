"""Streams that nobody reads to their end: the slot is free, the connection closed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from urlsession import TaskState, URLErrorCode, URLSession, URLSessionTask
from urlsession.testing import LoopbackServer, ServerConnection

from .doors import Door, Site, has_socket

pytestmark = pytest.mark.usefixtures("no_collector")

CLOSE_LIMIT_S = 0.25  # the peer's thread may be busy sending
PIECE = b"x" * 65536


def endless(connection: ServerConnection) -> None:
    """Answer ``/endless`` with a body that never ends, ``/silent`` never."""
    while request := connection.recv_request():
        if request.target == "/silent":
            connection.hold()
            return
        if request.target == "/endless":
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send_chunk(PIECE)
        connection.send_response(body=b"x")


async def drop_before_the_head(
    door: Door, session: URLSession, server: LoopbackServer
) -> URLSessionTask:
    """Drop what would have become the stream."""
    load = session.bytes(server.url("/silent"))
    assert await door.until(lambda: server.request_count == 1)
    return load.task


async def drop_unread(
    door: Door, session: URLSession, server: LoopbackServer
) -> URLSessionTask:
    """Drop the opened stream."""
    chunks = await door.open(session, server.url("/endless"))
    return chunks.task


async def break_out(
    door: Door, session: URLSession, server: LoopbackServer
) -> URLSessionTask:
    """Read one piece, break out of the loop, and keep the stream object."""
    chunks = await door.open(session, server.url("/endless"))
    KEPT.append(chunks)
    assert await door.first_piece(chunks)
    return chunks.task


async def close_it(
    door: Door, session: URLSession, server: LoopbackServer
) -> URLSessionTask:
    """Close the stream, and keep it."""
    chunks = await door.open(session, server.url("/endless"))
    KEPT.append(chunks)
    chunks.close()
    return chunks.task


async def leave_lines(
    door: Door, session: URLSession, server: LoopbackServer
) -> URLSessionTask:
    """Drop the line iterator before anything was read."""
    chunks = await door.open(session, server.url("/endless"))
    lines = chunks.lines()
    del lines
    return chunks.task


KEPT: list[object] = []
WAYS = (drop_before_the_head, drop_unread, break_out, close_it, leave_lines)


@pytest.mark.parametrize("leave", WAYS, ids=[way.__name__ for way in WAYS])
def test_bytes_stream_dropped_or_broken_out_of_unread_frees_its_slot_and_closes(
    door: Door,
    site: Site,
    leave: Callable[
        [Door, URLSession, LoopbackServer], Coroutine[Any, Any, URLSessionTask]
    ],
) -> None:
    """The transfer is cancelled, and the one connection allowed is there again."""
    server = site.start(endless)

    async def story(door: Door) -> None:
        configuration = site.configuration()
        configuration.http_maximum_connections_per_host = 1
        session = URLSession(configuration)
        task = await leave(door, session, server)
        peer = server.connections[0]

        assert task.state is TaskState.COMPLETED
        assert task.error is not None
        assert task.error.code == URLErrorCode.CANCELLED
        assert await door.until(lambda: not peer.is_open, CLOSE_LIMIT_S)
        reply = await door.load(session, server.url("/next"))
        assert reply.data == b"x"
        (connection,) = session.connections()
        assert connection.loads == 1
        assert has_socket(connection.inode)
        assert server.accepted == 2
        session.invalidate_and_cancel()

    door.run(story)
    KEPT.clear()


@pytest.mark.parity("18:16 #3036 bytes")
def test_stream_read_to_its_end_keeps_its_connection(door: Door, site: Site) -> None:
    """Only what is left unread costs a connection."""
    server = site.start(endless)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        for _ in range(2):
            chunks = await door.open(session, server.url())
            assert await door.first_piece(chunks) == b"x"
            del chunks

        await door.load(session, server.url())
        assert server.accepted <= 2
        session.invalidate_and_cancel()

    door.run(story)
