"""Idle connections are heard, reaped and buried."""

from __future__ import annotations

import math
import os
import select
import socket

import pytest

from urlsession.connections import ClosedBy, ConnectionState
from urlsession.engine.janitor import JANITOR_INTERVAL_S
from urlsession.engine.poller import Poller
from urlsession.engine.reaper import ReapPolicy
from urlsession.engine.roster import Roster
from urlsession.engine.upkeep import Upkeep
from urlsession.testing import FakeClock

from .loopback import SocketPair, enter, tcp_pair

IDLE_S = 60.0


@pytest.fixture
def upkeep(roster: Roster) -> Upkeep:
    """Return the upkeep of `roster`, with a minute for idle connections."""
    return Upkeep(roster, ReapPolicy(idle_timeout_s=IDLE_S, maximum_lifetime_s=300.0))


def event_of(poller: Poller, fd: int) -> int:
    """Return what has happened to a descriptor, after waiting for it."""
    poller.wait(5)
    return dict(poller.events())[fd]


@pytest.mark.parametrize(
    ("age_s", "in_s"), [(0.0, 60.0), (240.0, 60.0), (250.0, 50.0), (300.0, 0.0)]
)
def test_use_of_a_connection_sets_the_time_to_reap(
    upkeep: Upkeep,
    roster: Roster,
    pair: SocketPair,
    clock: FakeClock,
    age_s: float,
    in_s: float,
) -> None:
    """By whichever limit comes first."""
    one = enter(roster, pair[0])
    now = clock.advance(age_s)
    upkeep.note_use(one, now)

    assert upkeep.reap_at == now + in_s
    assert one.last_used_at == now


def test_later_use_does_not_put_the_reaping_off(
    upkeep: Upkeep, roster: Roster, pair: SocketPair, clock: FakeClock
) -> None:
    """Others may be due; the reaper itself asks again."""
    one = enter(roster, pair[0])
    upkeep.note_use(one, clock.now)
    upkeep.note_use(one, clock.now + 10)

    assert upkeep.reap_at == clock.now + IDLE_S


@pytest.mark.parametrize("is_reset", [False, True], ids=["fin", "reset"])
def test_idle_connection_dies_with_its_peer(
    upkeep: Upkeep, roster: Roster, poller: Poller, pair: SocketPair, is_reset: bool
) -> None:
    """At once, by its FIN or its reset; the descriptor stays for libcurl to close."""
    ours, peers = pair
    one = enter(roster, ours)
    poller.rest(one)
    if is_reset:
        peers.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peers.close()
    upkeep.hear(poller, one.fd, event_of(poller, one.fd), 5.0)

    assert one.closed_by is (ClosedBy.RESET if is_reset else ClosedBy.PEER)
    assert one.peer_fin_at == 5.0
    assert upkeep.dead == [one]
    assert upkeep.janitor_at == 5.0 + JANITOR_INTERVAL_S
    assert roster.is_alive(one)
    assert poller.events() == []


def test_bytes_on_an_idle_connection_do_not_end_it(
    upkeep: Upkeep, roster: Roster, poller: Poller, pair: SocketPair
) -> None:
    """HTTP/2 frames and TLS tickets; they wake us once."""
    ours, peers = pair
    one = enter(roster, ours)
    poller.rest(one)
    peers.send(b"x")
    upkeep.hear(poller, one.fd, event_of(poller, one.fd), 5.0)

    assert one.state is ConnectionState.IDLE
    assert poller.events() == []


def test_event_of_a_connection_in_use_is_not_for_the_ear(
    upkeep: Upkeep, roster: Roster, poller: Poller, pair: SocketPair
) -> None:
    """A paused transfer's: it is not watched any more, and lives."""
    ours, peers = pair
    one = enter(roster, ours)
    poller.rest(one)
    one.is_in_use = True
    peers.close()
    upkeep.hear(poller, one.fd, event_of(poller, one.fd), 5.0)

    assert one.state is ConnectionState.ACTIVE
    assert poller.events() == []


def test_event_of_no_connection_is_heard_once(upkeep: Upkeep, poller: Poller) -> None:
    """An alarm that has roused its thread, or a descriptor of libcurl's own."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    poller.register(reading, select.EPOLLIN)
    upkeep.hear(poller, reading, event_of(poller, reading), 5.0)

    assert poller.events() == []
    os.close(reading)
    os.close(writing)


def test_expired_connection_gets_its_fin(
    upkeep: Upkeep, roster: Roster, poller: Poller, clock: FakeClock
) -> None:
    """The other stays, and is asked for again."""
    with tcp_pair() as (first, peer), tcp_pair() as (second, _):
        old = enter(roster, first)
        clock.advance(20)
        young = enter(roster, second)
        poller.rest(old)
        poller.rest(young)
        must_close = upkeep.reap(poller, clock.advance(45), is_quiet=True)

        assert must_close is False
        assert peer.recv(1) == b""
        assert old.closed_by is ClosedBy.LOCAL
        assert young.state is ConnectionState.IDLE
        assert upkeep.reap_at == young.last_used_at + IDLE_S


@pytest.mark.parametrize("is_quiet", [True, False])
def test_everything_expired_is_closed_with_the_multi_handle(
    upkeep: Upkeep,
    roster: Roster,
    poller: Poller,
    pair: SocketPair,
    clock: FakeClock,
    is_quiet: bool,
) -> None:
    """Unless a transfer runs on it: then each gets its FIN."""
    one = enter(roster, pair[0])
    must_close = upkeep.reap(poller, clock.advance(IDLE_S), is_quiet=is_quiet)

    assert must_close is is_quiet
    assert (one.closed_at is None) is is_quiet


def test_reaping_notes_what_libcurl_closed_unseen(
    upkeep: Upkeep, roster: Roster, poller: Poller, pair: SocketPair
) -> None:
    """Before it plans."""
    one = enter(roster, pair[0])
    pair[0].close()

    assert upkeep.reap(poller, 1.0, is_quiet=True) is False
    assert one.state is ConnectionState.CLOSED
    assert upkeep.reap_at == math.inf


def test_burial_waits_for_libcurl_to_close_the_descriptor(
    upkeep: Upkeep, roster: Roster, poller: Poller
) -> None:
    """The janitor is sent while others are alive."""
    with tcp_pair() as (dying, _), tcp_pair() as (living, _):
        one = enter(roster, dying)
        enter(roster, living)
        upkeep.hear(poller, one.fd, select.EPOLLRDHUP, 5.0)
        upkeep.janitor_at = math.inf

        assert upkeep.bury(is_quiet=True) is False
        assert upkeep.janitor_at < math.inf
        dying.close()
        assert upkeep.bury(is_quiet=True) is False
        assert upkeep.dead == []


def test_only_dead_ones_are_closed_with_the_multi_handle(
    upkeep: Upkeep, roster: Roster, poller: Poller, pair: SocketPair
) -> None:
    """Not while a transfer runs."""
    one = enter(roster, pair[0])
    upkeep.hear(poller, one.fd, select.EPOLLRDHUP, 5.0)

    assert upkeep.bury(is_quiet=False) is False
    assert upkeep.bury(is_quiet=True) is True
    upkeep.clear()
    assert upkeep.bury(is_quiet=True) is False
    assert upkeep.janitor_at == math.inf


def test_tls_shutdown_brings_the_next_look_forward(upkeep: Upkeep) -> None:
    """And never puts it off."""
    upkeep.look_again_after_shutdown()
    assert upkeep.reap_at < math.inf
    upkeep.reap_at = 0.0
    upkeep.look_again_after_shutdown()

    assert upkeep.reap_at == 0.0
