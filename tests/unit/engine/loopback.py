"""Connections for tests of the engine's parts: real sockets without a transfer."""

from __future__ import annotations

import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from urlsession.connections import Connection, Owner
from urlsession.engine.handle import Handle
from urlsession.engine.roster import Roster
from urlsession.engine.sockets import local_address, open_socket

__all__ = ("OWNER", "enter", "opening", "tcp_pair")

OWNER = Owner(type="test", ref=weakref.ref(Connection), made_at=None)
SocketPair = tuple[socket.socket, socket.socket]


@contextmanager
def tcp_pair() -> Iterator[SocketPair]:
    """Connect two sockets over the loopback: ours and the peer's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), timeout=5)
        peers, _ = listener.accept()
    with ours, peers:
        peers.settimeout(5)
        yield ours, peers


def enter(
    roster: Roster, sock: socket.socket, *, is_connected: bool = True
) -> Connection:
    """Enter a socket in a roster, as the pool does for one of libcurl's."""
    fd = sock.fileno()
    connection = roster.born(
        fd, sock.getpeername(), host="a.example", is_secure=False, call_site=None
    )
    if is_connected:
        roster.connected(connection, local_address(fd))
    return connection


def opening(roster: Roster) -> Any:
    """Return an `OpenSocket` that enters what it opens in a roster."""

    def open_and_enter(
        handle: Handle, family: int, kind: int, protocol: int, address: Any
    ) -> int:
        fd = open_socket(family, kind, protocol)
        remote = (address[0], address[1])
        connection = roster.born(
            fd, remote, host="a.example", is_secure=False, call_site=None
        )
        handle.opened.append(connection)
        return fd

    return open_and_enter
