"""What one may know of a session's connections: the list, and the events."""

from __future__ import annotations

import threading
import time

from urlsession import URLSession
from urlsession.connections import (
    LEDGER,
    ClosedBy,
    Connection,
    ConnectionEvent,
    ConnectionState,
)
from urlsession.testing import ServerConnection, fixed_body
from urlsession.testing.h2_server import H2Handler

from .doors import Door, Site

OPENED, REUSED = ConnectionEvent.OPENED, ConnectionEvent.REUSED
IDLE, CLOSED = ConnectionEvent.IDLE, ConnectionEvent.CLOSED


class Book:
    """A connection listener that writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[ConnectionEvent, int]] = []
        self.by: list[ClosedBy | None] = []
        self.states: list[ConnectionState] = []

    def __call__(self, event: ConnectionEvent, connection: Connection) -> None:
        """Write it down."""
        self.events.append((event, connection.id))
        self.states.append(connection.state)
        if event is CLOSED:
            self.by.append(connection.closed_by)

    @property
    def names(self) -> list[ConnectionEvent]:
        """The events without the connections."""
        return [event for event, _ in self.events]


def test_connections_lists_what_is_known_of_each(door: Door, site: Site) -> None:
    """Id, addresses, protocol, state, opened, last used, loads served, bytes."""
    server = site.start(fixed_body(b"x" * 1000))

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        assert session.connections() == []
        before = time.monotonic()
        await door.load(session, server.url())
        await door.load(session, server.url())
        (one,) = session.connections()

        assert one.remote == ("127.0.0.1", server.port)
        assert one.local == ("127.0.0.1", server.connections[0].peer_port)
        assert one.host == "127.0.0.1"
        assert one.protocol == "http/1.1"
        assert one.is_secure is site.is_secure
        assert one.state is ConnectionState.IDLE
        assert one.connected_at is not None
        assert before <= one.opened_at <= one.connected_at <= one.last_used_at
        assert one.last_used_at <= time.monotonic()
        assert one.loads == 2
        assert 2000 < one.bytes_received < 3000
        assert 0 < one.bytes_sent < 2000
        assert one.owner.ref() is session
        assert one.closed_at is None
        session.invalidate_and_cancel()
        assert session.connections() == []
        assert one.state is ConnectionState.IDLE  # a copy: it changes no more

    door.run(story)


def test_connection_in_use_is_active(door: Door, site: Site) -> None:
    """And counts no load before one has ended."""
    go_on = threading.Event()

    def answer_late(connection: ServerConnection) -> None:
        while connection.recv_request():
            go_on.wait(5)
            connection.send_response(body=b"late")

    server = site.start(answer_late)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        task = session.data(server.url())
        assert await door.until(lambda: server.request_count == 1)
        (one,) = session.connections()
        go_on.set()
        await door.finish(task)

        assert one.state is ConnectionState.ACTIVE
        assert one.loads == 0
        session.invalidate_and_cancel()

    door.run(story)


def test_listener_is_told_opened_idle_reused_and_closed_by_us(
    door: Door, site: Site
) -> None:
    """In that order, of one and the same connection."""
    server = site.start(fixed_body(b"x"))
    book, removed, everywhere = Book(), Book(), Book()

    def broken(_event: ConnectionEvent, _connection: Connection) -> None:
        raise ValueError("a listener's error goes no further")

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        session.add_connection_listener(broken)
        session.add_connection_listener(book)
        session.add_connection_listener(removed)
        session.remove_connection_listener(removed)
        await door.load(session, server.url())
        await door.load(session, server.url())
        session.invalidate_and_cancel()

    with LEDGER.listening(everywhere):
        door.run(story)

    assert book.names == [OPENED, IDLE, REUSED, IDLE, CLOSED]
    assert book.by == [ClosedBy.LOCAL]
    assert len({serial for _, serial in book.events}) == 1
    assert book.states[-1] is ConnectionState.CLOSED
    assert everywhere.events == book.events
    assert removed.events == []


def test_listener_is_told_that_the_peer_closed(door: Door, site: Site) -> None:
    """While idle, and with the reply itself (``Connection: close``)."""

    def answer_and_close(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(200, [("Connection", "close")], b"x")

    def answer_and_vanish(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(body=b"x")

    server = site.start(answer_and_close)
    idle_server = site.start(answer_and_vanish)
    book = Book()

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        session.add_connection_listener(book)
        await door.load(session, idle_server.url())
        assert await door.until(lambda: CLOSED in book.names, 1.0)
        assert book.names == [OPENED, IDLE, CLOSED]
        assert book.by == [ClosedBy.PEER]
        await door.load(session, server.url())
        assert await door.until(lambda: book.names.count(CLOSED) == 2, 1.0)

        assert session.connections() == []
        session.invalidate_and_cancel()

    door.run(story)


def test_listener_is_told_of_one_connection_for_many_http2_loads(
    door: Door, secure_site: Site
) -> None:
    """Opened once, idle when the last stream has ended."""
    handler = H2Handler(lambda stream: stream.respond(200, (), b"two"))
    server = secure_site.serve(handler, tls=secure_site.ca.server_context(alpn=("h2",)))
    book = Book()

    async def story(door: Door) -> None:
        session = URLSession(secure_site.configuration())
        session.add_connection_listener(book)
        tasks = [session.data(server.url()) for _ in range(5)]
        for task in tasks:
            await door.finish(task)
        (one,) = session.connections()

        assert one.protocol == "h2"
        assert one.loads == 5
        session.invalidate_and_cancel()

    door.run(story)

    assert book.names[0] is OPENED
    assert book.names[-2:] == [IDLE, CLOSED]
    assert book.names.count(OPENED) == book.names.count(CLOSED) == 1


def test_refused_connection_is_never_told_of_and_leaves_none(door: Door) -> None:
    """What was not connected was not opened."""
    book = Book()

    async def story(door: Door) -> None:
        session = URLSession()
        session.add_connection_listener(book)
        task = session.data("http://127.0.0.1:9/")
        await door.until(lambda: task.error is not None)

        assert task.error is not None
        assert session.connections() == []
        session.invalidate_and_cancel()

    door.run(story)

    assert book.events == []
