"""An owner of a real loopback socket that keeps a ledger, as a client does."""

from __future__ import annotations

import os
import socket
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from urlsession.connections import (
    CallSite,
    ClosedBy,
    Connection,
    ConnectionEvent,
    Ledger,
    Owner,
)
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.observer import Observer

MADE_AT = CallSite("app.py", 12, "App.load")


class StandIn:
    """A session as the observer sees one: one connection, and two public flags."""

    def __init__(self, ledger: Ledger, address: tuple[str, int]) -> None:
        self.is_invalidated = False
        self.is_shared = False
        self.delegate: object = None
        self.ledger = ledger
        self.socket = socket.create_connection(address)
        owner = Owner(
            type="urlsession.URLSession", ref=weakref.ref(self), made_at=MADE_AT
        )
        now = time.monotonic()
        self.connection = Connection(
            id=ledger.next_id(),
            fd=self.socket.fileno(),
            inode=os.fstat(self.socket.fileno()).st_ino,
            host="localhost",
            remote=address,
            local=self.socket.getsockname(),
            is_secure=False,
            opened_at=now,
            connected_at=now,
            last_used_at=now,
            loads=1,
            owner=owner,
        )
        ledger.add(self.connection)
        ledger.tell(ConnectionEvent.OPENED, self.connection)

    def invalidate(self) -> None:
        """Close properly."""
        self.is_invalidated = True
        self.close(ClosedBy.LOCAL)

    def close(self, by: ClosedBy) -> None:
        """Close the socket and book it."""
        self.socket.close()
        self.ledger.close(self.connection, by, time.monotonic())
        self.ledger.tell(ConnectionEvent.CLOSED, self.connection)


@pytest.fixture
def ledger() -> Ledger:
    """Return a ledger that nobody else writes."""
    return Ledger()


@pytest.fixture
def observer(ledger: Ledger) -> Iterator[Observer]:
    """Return a started observer of `ledger`."""
    one = Observer(adapters=[URLSessionAdapter(ledger)])
    one.start()
    yield one
    one.stop()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a listening socket; the kernel accepts by itself."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.fixture
def make_session(
    ledger: Ledger, listener: socket.socket
) -> Iterator[Callable[[], StandIn]]:
    """Return what makes a stand-in; its socket is closed when the test ends."""
    sockets: list[socket.socket] = []

    def make() -> StandIn:
        one = StandIn(ledger, listener.getsockname())
        sockets.append(one.socket)
        return one

    yield make
    for each in sockets:
        each.close()
