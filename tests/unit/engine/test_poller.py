"""What is registered in the epoll, as libcurl asks for it and beyond."""

from __future__ import annotations

import math
import os
import select
import threading
from typing import Any

import pycurl
import pytest

from urlsession.connections import ConnectionEvent
from urlsession.engine.poller import CURL_EVENTS, GONE, HANGUP, Poller
from urlsession.engine.roster import Roster

from .loopback import SocketPair, enter, tcp_pair

IN, OUT, REMOVE = pycurl.POLL_IN, pycurl.POLL_OUT, pycurl.POLL_REMOVE


def changed(poller: Poller, what: int, fd: int) -> None:
    """Ask as libcurl does."""
    poller.socket_changed(what, fd, None, None)


def ready(poller: Poller) -> dict[int, int]:
    """Return the events by descriptor, after waiting for one."""
    poller.wait(5)
    return dict(poller.events())


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (0, 0),
        (select.EPOLLIN, pycurl.CSELECT_IN),
        (select.EPOLLOUT, pycurl.CSELECT_OUT),
        (select.EPOLLIN | select.EPOLLOUT, pycurl.CSELECT_IN | pycurl.CSELECT_OUT),
        (select.EPOLLHUP, pycurl.CSELECT_IN),
        (select.EPOLLERR | select.EPOLLOUT, pycurl.CSELECT_IN | pycurl.CSELECT_OUT),
    ],
)
def test_libcurl_is_told_in_its_own_terms(events: int, told: int) -> None:
    """It finds out by reading what an error or a hang-up is."""
    assert CURL_EVENTS[events] == told


def test_what_libcurl_waits_for_is_watched(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """A connect first, by its OUT; then the reply."""
    ours, peers = pair
    fd = ours.fileno()
    one = enter(roster, ours, is_connected=False)
    changed(poller, OUT, fd)
    assert ready(poller) == {fd: select.EPOLLOUT}
    changed(poller, IN, fd)
    assert poller.events() == []
    peers.send(b"x")

    assert ready(poller) == {fd: select.EPOLLIN}
    assert one.connected_at is not None
    assert one.local == ours.getsockname()
    assert one.is_in_use
    assert poller.polled == {fd}


def test_idle_connection_hears_the_peers_fin(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """Libcurl has stopped to poll it, and would sleep through."""
    ours, peers = pair
    one = enter(roster, ours)
    changed(poller, IN, one.fd)
    changed(poller, REMOVE, one.fd)
    assert not one.is_in_use
    peers.close()

    assert ready(poller)[one.fd] & GONE == HANGUP
    assert poller.polled == set()


def test_listeners_are_told_of_rest_and_reuse(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """The first use of a connection is no reuse."""
    told: list[ConnectionEvent] = []
    one = enter(roster, pair[0])
    roster.listeners = (lambda event, _: told.append(event),)
    changed(poller, IN, one.fd)
    changed(poller, REMOVE, one.fd)
    one.loads = 1
    changed(poller, IN, one.fd)

    assert told == [ConnectionEvent.IDLE, ConnectionEvent.REUSED]


def test_socket_that_never_connected_is_not_watched_any_more(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """Libcurl gave it up, and closes it."""
    one = enter(roster, pair[0], is_connected=False)
    changed(poller, OUT, one.fd)
    changed(poller, REMOVE, one.fd)

    assert poller.events() == []


def test_number_that_came_back_is_registered_anew(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """Libcurl closed a pooled socket unseen, and the kernel forgot it with that."""
    old = enter(roster, pair[0])
    changed(poller, IN, old.fd)
    changed(poller, REMOVE, old.fd)
    with tcp_pair() as (ours, peers):
        os.dup2(ours.fileno(), old.fd, inheritable=False)
        new = enter(roster, pair[0])
        changed(poller, IN, new.fd)
        peers.send(b"x")

        assert ready(poller) == {new.fd: select.EPOLLIN}
        assert new.fd == old.fd


def test_descriptor_of_libcurls_own_comes_and_goes(poller: Poller) -> None:
    """It has one for its threads, which is no connection."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    for _ in range(2):
        changed(poller, IN, reading)
        assert ready(poller) == {reading: select.EPOLLIN}
        changed(poller, REMOVE, reading)
        assert poller.polled == set()

    poller.unregister(reading)
    os.close(reading)
    os.close(writing)


def test_held_connection_does_not_wake_us(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """The unread bytes of a paused transfer would, for ever; and it stays in use."""
    ours, peers = pair
    one = enter(roster, ours)
    changed(poller, IN, one.fd)
    poller.held.add(one.fd)
    changed(poller, REMOVE, one.fd)
    peers.send(b"x")

    assert poller.events() == []
    assert one.is_in_use


@pytest.mark.parametrize("is_held", [False, True])
def test_pause_is_settled_when_it_is_known_whose_it_is(
    poller: Poller, roster: Roster, pair: SocketPair, is_held: bool
) -> None:
    """Until then a socket that libcurl stopped to poll is left as it is."""
    one = enter(roster, pair[0])
    changed(poller, IN, one.fd)
    poller.pausing = []
    changed(poller, REMOVE, one.fd)
    assert one.is_in_use
    if is_held:
        poller.held.add(one.fd)
    poller.settle()

    assert one.is_in_use is is_held
    assert poller.pausing is None


def test_pause_of_what_was_closed_meanwhile_is_its_end(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """Libcurl closes a socket within the callback that asked for the pause."""
    ours, _ = pair
    one = enter(roster, ours)
    changed(poller, IN, one.fd)
    poller.pausing = []
    changed(poller, REMOVE, one.fd)
    ours.close()
    poller.settle()

    assert one.closed_at is not None
    assert one not in roster.by_fd.values()


def test_unread_bytes_of_an_idle_connection_can_be_left_alone(
    poller: Poller, roster: Roster, pair: SocketPair
) -> None:
    """Libcurl reads them when it uses the connection; the FIN is still heard."""
    ours, peers = pair
    one = enter(roster, ours)
    poller.rest(one)
    peers.send(b"x")
    assert ready(poller) == {one.fd: select.EPOLLIN}
    poller.listen_for_fin_only(one.fd)
    assert poller.events() == []
    peers.close()

    assert ready(poller)[one.fd] & HANGUP


def test_shared_epoll_tells_whose_a_descriptor_is(
    roster: Roster, pair: SocketPair
) -> None:
    """And another pool's entry is not taken out."""
    directory: dict[int, Any] = {}
    mine, other = object(), object()
    pool: Any = mine
    poller = Poller(roster, select.epoll(), directory, pool)
    fd = pair[0].fileno()
    try:
        poller.register(fd, select.EPOLLIN)
        assert directory == {fd: mine}
        directory[fd] = other
        poller.clear()
        assert directory == {fd: other}
        poller.register(fd, select.EPOLLIN)
        poller.clear()
        assert directory == {}
    finally:
        poller.close()


def test_waiting_thread_is_roused(poller: Poller) -> None:
    """By a descriptor that is always readable; rousing twice does no harm."""
    reading, writing = os.pipe()
    os.write(writing, b"x")
    thread = threading.Thread(target=poller.wait, args=(5,))
    thread.start()
    poller.rouse(reading)
    poller.rouse(reading)
    thread.join(4)

    assert not thread.is_alive()
    poller.unregister(reading)
    os.close(reading)
    os.close(writing)


def test_closed_epoll_is_waited_for_by_nobody(roster: Roster) -> None:
    """Another thread may close it at any time."""
    pool: Any = object()
    poller = Poller(roster, select.epoll(), {}, pool)
    poller.close()

    poller.wait(5)
    poller.rouse(0)
    poller.unregister(0)


@pytest.mark.parametrize("timeout_s", [math.inf, 30 * 86_400.0], ids=["ever", "month"])
def test_wait_takes_longer_than_epoll_does(
    poller: Poller, roster: Roster, pair: SocketPair, timeout_s: float
) -> None:
    """Epoll counts milliseconds in 31 bits, and raises beyond them."""
    ours, peers = pair
    enter(roster, ours)
    changed(poller, IN, ours.fileno())
    peers.send(b"x")
    poller.wait(timeout_s)

    assert dict(poller.events()) == {ours.fileno(): select.EPOLLIN}
