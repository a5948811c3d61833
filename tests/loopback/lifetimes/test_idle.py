"""Pooled connections that nobody uses: the peer's FIN, and our own timers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from urlsession import URLSession
from urlsession.connections import ClosedBy, Connection, ConnectionEvent
from urlsession.testing import (
    LoopbackServer,
    ServerConnection,
    fixed_body,
    tcp_state,
)
from urlsession.testing.h2_server import H2Handler

from .doors import Door, Site, has_socket

CLOSE_LIMIT_S = 0.05  # from the peer's FIN to ours
JANITOR_LIMIT_S = 1.6  # libcurl looks over its pool once a second


class EndingServer:
    """A handler that answers, and sends FIN on its idle connections when told to."""

    def __init__(self) -> None:
        self.connections: list[ServerConnection] = []
        self.sent_at = 0.0

    def __call__(self, connection: ServerConnection) -> None:
        """Answer every request with the client's port."""
        self.connections.append(connection)
        while connection.recv_request():
            connection.send_response(body=str(connection.peer_port).encode())

    def send_fin(self, connection: ServerConnection) -> None:
        """Send FIN on one connection and note when; its handler goes on reading."""
        self.sent_at = time.monotonic()
        connection.shutdown_write()


def local_port(connection: Connection) -> int:
    """Return the client's port."""
    assert connection.local is not None
    return connection.local[1]


@pytest.mark.parity("16.4:peer closes an idle socket")
def test_peer_sends_fin_while_idle_closed_within_50_ms_never_close_wait(
    door: Door, site: Site
) -> None:
    """And the next load opens a new connection without an error."""
    handler = EndingServer()
    server = site.start(handler)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        (connection,) = session.connections()
        handler.send_fin(peer := handler.connections[0])
        assert await door.until(lambda: peer.peer_ended_at is not None)
        assert await door.until(lambda: not has_socket(connection.inode), 0.1)

        assert peer.peer_ended_at is not None
        assert peer.peer_ended_at - handler.sent_at <= CLOSE_LIMIT_S
        assert tcp_state(local_port(connection), server.port) != "CLOSE_WAIT"
        assert session.connections() == []
        reply = await door.load(session, server.url())
        assert reply.data != str(local_port(connection)).encode()
        assert server.accepted == 2
        session.invalidate_and_cancel()

    door.run(story)


def test_peer_sends_fin_to_one_of_several_idle_connections_the_others_stay(
    door: Door, site: Site
) -> None:
    """FIN goes back at once; the janitor closes the descriptor a little later."""
    handler = EndingServer()
    barrier = threading.Barrier(3, timeout=5)

    def answer_together(connection: ServerConnection) -> None:
        handler.connections.append(connection)
        while request := connection.recv_request():
            if request.target == "/together":
                barrier.wait()
            connection.send_response(body=str(connection.peer_port).encode())

    server = site.start(answer_together)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        await door.load(session, server.url())
        tasks = [session.data(server.url("/together")) for _ in range(3)]
        for task in tasks:
            await door.finish(task)
        first, *others = session.connections()
        peer = server.connection_from(local_port(first))
        handler.send_fin(peer)
        assert await door.until(lambda: peer.peer_ended_at is not None)

        assert peer.peer_ended_at is not None
        assert peer.peer_ended_at - handler.sent_at <= CLOSE_LIMIT_S
        assert tcp_state(local_port(first), server.port) != "CLOSE_WAIT"
        left = [connection.id for connection in session.connections()]
        assert left == [connection.id for connection in others]
        assert await door.until(lambda: not has_socket(first.inode), JANITOR_LIMIT_S)
        assert all(has_socket(connection.inode) for connection in others)
        assert len(server.open_connections) == 2
        reply = await door.load(session, server.url())
        assert int(reply.data) in {local_port(one) for one in others}
        session.invalidate_and_cancel()

    door.run(story)


def test_peer_resets_an_idle_connection_closed_by_reset(door: Door, site: Site) -> None:
    """A reset is told from a FIN."""
    may_reset = threading.Event()

    def answer_and_reset(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send_response(body=b"x")
            if connection is server.connections[0]:
                may_reset.wait(5)
                connection.reset()
                return

    server = site.start(answer_and_reset)

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        closed: list[Connection] = []
        session.add_connection_listener(
            lambda event, one: (
                closed.append(one) if event is ConnectionEvent.CLOSED else None
            )
        )
        await door.load(session, server.url())
        may_reset.set()
        assert await door.until(lambda: closed, 1.0)

        assert closed[0].closed_by is ClosedBy.RESET
        assert await door.until(lambda: not has_socket(closed[0].inode), 0.1)
        assert (await door.load(session, server.url())).data
        session.invalidate_and_cancel()

    door.run(story)


@pytest.mark.parametrize("says", ["fin", "goaway and fin"])
def test_peer_sends_fin_while_an_http2_connection_is_idle(
    door: Door, secure_site: Site, says: str
) -> None:
    """Closed at once; the next load opens a new one without an error."""
    handler = H2Handler(lambda stream: stream.respond(200, (), b"two"))
    server = secure_site.serve(handler, tls=secure_site.ca.server_context(alpn=("h2",)))

    async def story(door: Door) -> None:
        session = URLSession(secure_site.configuration())
        await door.load(session, server.url())
        (connection,) = session.connections()
        assert connection.protocol == "h2"
        sent_at = time.monotonic()
        if says == "goaway and fin":
            handler.send_goaway()
        handler.send_fin()
        assert await door.until(lambda: not server.open_connections, 1.0)
        assert await door.until(lambda: not has_socket(connection.inode), 0.1)

        assert time.monotonic() - sent_at <= 2 * CLOSE_LIMIT_S
        assert tcp_state(local_port(connection), server.port) != "CLOSE_WAIT"
        reply = await door.load(session, server.url())
        assert reply.data == b"two"
        assert server.accepted == 2
        session.invalidate_and_cancel()

    door.run(story)


async def fin_after_use(
    door: Door, site: Site, server: LoopbackServer, adjust: Callable[[object], None]
) -> float:
    """Return the seconds from the end of a load to FIN, with no traffic between."""
    configuration = site.configuration()
    adjust(configuration)
    session = URLSession(configuration)
    await door.load(session, server.url())
    used_at = time.monotonic()
    (connection,) = session.connections()
    peer = server.connections[-1]
    assert await door.until(lambda: peer.peer_ended_at is not None, 3.0)
    assert await door.until(lambda: not has_socket(connection.inode), 0.1)
    assert peer.peer_ended_at is not None
    session.invalidate_and_cancel()
    return peer.peer_ended_at - used_at


@pytest.mark.parametrize(
    "name", ["idle_connection_timeout", "maximum_connection_lifetime"]
)
@pytest.mark.parity("16.4:idle timeout")
def test_idle_longer_than_its_limit_sends_fin_by_the_timer(
    door: Door, site: Site, name: str
) -> None:
    """Neither limit needs traffic to act."""
    server = site.start(fixed_body(b"x"))

    delay_s = door.run(
        lambda door: fin_after_use(
            door, site, server, lambda made: setattr(made, name, 0.2)
        )
    )

    assert 0.15 <= delay_s <= 0.3


def test_idle_timer_starts_anew_with_each_use(door: Door, site: Site) -> None:
    """A connection that is used is not idle."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        configuration = site.configuration()
        configuration.idle_connection_timeout = 0.2
        session = URLSession(configuration)
        for _ in range(4):
            await door.load(session, server.url())
            await door.pause(0.1)

        assert server.accepted == 1
        assert len(server.open_connections) == 1
        assert await door.until(lambda: not server.open_connections, 0.3)
        session.invalidate_and_cancel()

    door.run(story)


def test_connection_older_than_its_lifetime_is_not_used_again(
    door: Door, site: Site
) -> None:
    """However busy it is kept."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        configuration = site.configuration()
        configuration.maximum_connection_lifetime = 0.2
        session = URLSession(configuration)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            await door.load(session, server.url())
            await door.pause(0.02)
        session.invalidate_and_cancel()

    door.run(story)

    assert 2 <= server.accepted <= 4


def test_idle_connection_without_a_limit_stays_open(door: Door, site: Site) -> None:
    """None means never."""
    server = site.start(fixed_body(b"x"))

    async def story(door: Door) -> None:
        configuration = site.configuration()
        configuration.idle_connection_timeout = None
        session = URLSession(configuration)
        await door.load(session, server.url())
        await door.pause(0.2)

        assert len(server.open_connections) == 1
        session.invalidate_and_cancel()

    door.run(story)
