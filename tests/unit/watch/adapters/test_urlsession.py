"""The adapter for our own client."""

from __future__ import annotations

import os
import socket
import time
import weakref
from collections.abc import Iterator
from typing import cast

import pytest

from urlsession.connections import (
    Address,
    ClosedBy,
    Connection,
    ConnectionEvent,
    Ledger,
    Owner,
)
from urlsession.watch.adapter import Sink
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.capture.kernel import KernelSnapshot


class Session:
    is_invalidated = False
    is_shared = False


class RecordingSink:
    def __init__(self) -> None:
        self.events: list[ConnectionEvent] = []

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        self.events.append(event)

    def problem(self, text: str) -> None:
        raise AssertionError(text)


@pytest.fixture
def pair() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            yield client


def enter(ledger: Ledger, client: socket.socket, session: Session) -> Connection:
    """Enter a connection of a session."""
    one = Connection(
        id=ledger.next_id(),
        fd=client.fileno(),
        inode=os.fstat(client.fileno()).st_ino,
        host="localhost",
        remote=client.getpeername(),
        local=client.getsockname(),
        is_secure=False,
        opened_at=time.monotonic(),
        last_used_at=time.monotonic(),
        owner=Owner(type="T", ref=weakref.ref(session), made_at=None),
        loads=3,
    )
    ledger.add(one)
    return one


def end(ledger: Ledger, one: Connection, by: ClosedBy) -> None:
    """Book the end of a connection."""
    ledger.close(one, by, time.monotonic())
    ledger.tell(ConnectionEvent.CLOSED, one)


def test_sightings_are_the_ledgers_connections(pair: socket.socket) -> None:
    """Open ones and remembered ones."""
    ledger, session = Ledger(), Session()
    one = enter(ledger, pair, session)
    adapter = URLSessionAdapter(ledger)
    (seen,) = adapter.sightings(KernelSnapshot())

    assert (seen.inode, seen.requests, seen.owner) == (one.inode, 3, one.owner)
    assert seen.closed_at is None


def test_start_traces_call_sites_and_stop_undoes_that() -> None:
    """Noting lines costs a walk, paid under watch only."""
    ledger = Ledger()
    adapter = URLSessionAdapter(ledger)
    before = ledger.traces_call_sites
    adapter.start(cast(Sink, RecordingSink()))
    during = ledger.traces_call_sites
    adapter.stop()

    assert (before, during, ledger.traces_call_sites) == (False, True, False)
    assert ledger.listeners == ()


def test_close_by_an_invalidated_session_is_told_from_a_drop(
    pair: socket.socket,
) -> None:
    """Noted at the close: later the session may be gone either way."""
    ledger, session = Ledger(), Session()
    adapter = URLSessionAdapter(ledger)
    adapter.start(cast(Sink, RecordingSink()))
    closed, dropped = enter(ledger, pair, session), enter(ledger, pair, session)
    end(ledger, dropped, ClosedBy.LOCAL)
    session.is_invalidated = True
    end(ledger, closed, ClosedBy.LOCAL)
    seen = {one.key: one for one in adapter.sightings(KernelSnapshot())}

    assert seen[closed.id].is_owner_closed is True
    assert seen[dropped.id].is_owner_closed is False


def test_events_reach_the_sink_but_for_those_of_the_exit(pair: socket.socket) -> None:
    """At the exit nobody asks the kernel any more."""
    ledger, session, sink = Ledger(), Session(), RecordingSink()
    adapter = URLSessionAdapter(ledger)
    adapter.start(cast(Sink, sink))
    end(ledger, enter(ledger, pair, session), ClosedBy.LOCAL)
    end(ledger, enter(ledger, pair, session), ClosedBy.EXIT)

    assert sink.events == [ConnectionEvent.CLOSED]


def test_owner_state_reads_the_two_public_flags() -> None:
    """`is_invalidated` and `is_shared`; the client is never imported."""
    session, adapter = Session(), URLSessionAdapter(Ledger())
    session.is_invalidated = True
    state = adapter.owner_state(session)

    assert state.is_closed is True
    assert state.is_exempt is False
