"""What the ledger and the listeners are told of a pool's connections."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from urlsession.connections import (
    LEDGER,
    ClosedBy,
    Connection,
    ConnectionEvent,
    ConnectionState,
)
from urlsession.engine.roster import Roster
from urlsession.testing import FakeClock

from .loopback import OWNER, SocketPair, enter, tcp_pair

Told = list[tuple[ConnectionEvent, Connection]]


@pytest.fixture
def told(roster: Roster) -> Iterator[Told]:
    """Return what the ledger's listeners are told of this roster."""
    events: Told = []

    def listen(event: ConnectionEvent, connection: Connection) -> None:
        if connection.owner is OWNER:
            events.append((event, connection))

    with LEDGER.listening(listen):
        yield events


def test_socket_is_entered_with_its_facts(
    roster: Roster, pair: SocketPair, clock: FakeClock
) -> None:
    """The book has it from the moment it is made."""
    one = enter(roster, pair[0], is_connected=False)

    assert one in LEDGER.open_connections()
    assert one.state is ConnectionState.CONNECTING
    assert (one.opened_at, one.owner) == (clock.now, OWNER)
    assert one.inode > 0
    assert roster.by_fd == {pair[0].fileno(): one}
    assert roster.idle() == []


def test_listeners_are_told_of_a_connection_once_it_is_connected(
    roster: Roster, pair: SocketPair, told: Told
) -> None:
    """A socket that never got that far is nobody's news."""
    one = enter(roster, pair[0], is_connected=False)
    assert told == []
    roster.connected(one, ("127.0.0.1", 1))

    assert told == [(ConnectionEvent.OPENED, one)]
    assert one.local == ("127.0.0.1", 1)
    assert roster.idle() == [one]


def test_socket_that_never_connected_closes_in_silence(
    roster: Roster, pair: SocketPair, told: Told
) -> None:
    """But the book has it."""
    one = enter(roster, pair[0], is_connected=False)
    roster.departed(one)

    assert told == []
    assert one.state is ConnectionState.CLOSED
    assert one in LEDGER.closed_connections()


@pytest.mark.parametrize(
    ("peer_fin_at", "by", "expected"),
    [
        (None, None, ClosedBy.LOCAL),
        (999.0, None, ClosedBy.PEER),
        (999.0, ClosedBy.LOCAL, ClosedBy.LOCAL),
        (None, ClosedBy.RESET, ClosedBy.RESET),
    ],
)
def test_who_closed_is_who_sent_fin_first(
    roster: Roster,
    pair: SocketPair,
    peer_fin_at: float | None,
    by: ClosedBy | None,
    expected: ClosedBy,
) -> None:
    """Unless it is known better; a reset connection gets no FIN from us."""
    one = enter(roster, pair[0])
    one.peer_fin_at = peer_fin_at
    roster.departed(one, by)

    assert one.closed_by is expected
    assert (one.fin_sent_at is None) is (by is ClosedBy.RESET)
    assert roster.by_fd == {}


def test_close_is_told_once(roster: Roster, pair: SocketPair, told: Told) -> None:
    """Several parts of the engine may notice it."""
    one = enter(roster, pair[0])
    told.clear()
    roster.departed(one, ClosedBy.PEER)
    roster.departed(one)

    assert told == [(ConnectionEvent.CLOSED, one)]
    assert one.closed_by is ClosedBy.PEER


def test_number_that_came_back_closes_who_had_it(
    roster: Roster, pair: SocketPair
) -> None:
    """Libcurl never says that it closed a pooled socket."""
    old = enter(roster, pair[0])
    new = enter(roster, pair[0])

    assert old.state is ConnectionState.CLOSED
    assert roster.by_fd == {new.fd: new}
    roster.departed(old)
    assert roster.by_fd == {new.fd: new}


@pytest.mark.parametrize("comes_back", [False, True])
def test_audit_finds_what_was_closed_unseen(roster: Roster, comes_back: bool) -> None:
    """Also if the number belongs to another socket by now."""
    with (
        tcp_pair() as (kept_sock, _),
        tcp_pair() as (gone_sock, _),
        socket.socket() as other,
    ):
        kept, gone = enter(roster, kept_sock), enter(roster, gone_sock)
        if comes_back:
            os.dup2(other.fileno(), gone.fd, inheritable=False)
        else:
            gone_sock.close()
        roster.audit()

        assert roster.by_fd == {kept.fd: kept}
        assert gone.state is ConnectionState.CLOSED


def test_connection_in_use_is_not_idle(roster: Roster, pair: SocketPair) -> None:
    """The reaper is to leave it alone."""
    one = enter(roster, pair[0])
    one.is_in_use = True

    assert roster.idle() == []


def test_error_of_a_pools_listener_stops_nobody(
    roster: Roster, pair: SocketPair
) -> None:
    """It observes, it must not disturb."""
    events: list[ConnectionEvent] = []

    def broken(_event: ConnectionEvent, _connection: Connection) -> None:
        raise KeyError

    roster.listeners = (broken, lambda event, _: events.append(event))
    enter(roster, pair[0])

    assert events == [ConnectionEvent.OPENED]
