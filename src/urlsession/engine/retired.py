"""Multi handles that take no new loads, and go when their last load has ended.

`Pool.retire` sets one aside for `reset` and `flush`: what runs on it keeps its
connection, later loads get another. Decides when such a handle is closed, and which
events and timers are its own; must not know why it was retired.

Everything here runs under the pool's lock.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import pycurl

from ..connections import ClosedBy
from .sockets import send_fin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..connections import Connection
    from .poller import Poller
    from .roster import Roster

__all__ = ("ROUNDS", "RetiredMulti", "RetiredMultis")

ROUNDS = 16  # of libcurl's "call me again at once" before others get a turn


class RetiredMulti:
    """One multi handle on its way out.

    Args:
        multi: The multi handle.
        poller: Where its sockets are registered.
        roster: The pool's connections.
        running: The easy handles that run on it.
        others: Those of the pool that were retired before, with what is theirs.
        wakes_at: When libcurl wants to be called.

    Attributes:
        running: The easy handles that still run on it.
        wakes_at: When libcurl wants to be called, in monotonic seconds.
    """

    __slots__ = (
        "_connections",
        "_fds",
        "_is_due",
        "_poller",
        "_roster",
        "multi",
        "running",
        "wakes_at",
    )

    def __init__(
        self,
        multi: pycurl.CurlMulti,
        poller: Poller,
        roster: Roster,
        running: Iterable[pycurl.Curl],
        others: Sequence[RetiredMulti],
        *,
        wakes_at: float,
    ) -> None:
        self.multi = multi
        self.running = set(running)
        self.wakes_at = wakes_at
        self._is_due = False
        self._poller = poller
        self._roster = roster
        self._fds = {
            fd for fd in poller.polled if not any(one.owns(fd) for one in others)
        }
        self._connections: list[Connection] = [
            one
            for one in roster.by_fd.values()
            if not any(other.has(one) for other in others)
        ]
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._socket_changed)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._timer_changed)

    def owns(self, fd: int) -> bool:
        """Whether libcurl polls `fd` for this handle."""
        return fd in self._fds

    def has(self, connection: Connection) -> bool:
        """Whether one of its loads has opened `connection`."""
        return connection in self._connections

    def adopt(self, connection: Connection) -> None:
        """A load of this handle has opened another connection."""
        self._connections.append(connection)

    def take_event(self, fd: int, events: int) -> None:
        """Something happened on a descriptor that it owns."""
        self.multi.socket_action(fd, events)

    def run_timers(self, now: float, rounds: int = ROUNDS) -> None:
        """Let libcurl do what is due, `rounds` times at most."""
        if self.wakes_at <= now:
            self._is_due = True
        while self._is_due and rounds > 0:
            self._is_due = False
            self.wakes_at = math.inf
            self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            rounds -= 1
        if self._is_due:
            self.wakes_at = 0.0

    def drop_idle(self) -> None:
        """Send FIN on each connection that no load uses any more.

        Their descriptors are closed with the handle.
        """
        now = time.monotonic()
        for connection in self._connections:
            if (
                connection.closed_at is None
                and connection.connected_at is not None
                and not connection.is_in_use
                and connection.fd not in self._poller.held
                and self._roster.is_alive(connection)
            ):
                self._poller.unregister(connection.fd)
                send_fin(connection.fd)
                connection.fin_sent_at = now
                self._roster.departed(connection, ClosedBy.LOCAL)

    def close(self, by: ClosedBy = ClosedBy.LOCAL) -> None:
        """Close it, and with it all its connections."""
        leaving = [one for one in self._connections if one.closed_at is None]
        # Off the list first: libcurl polls a TLS socket once more to shut it down.
        for connection in leaving:
            if self._roster.by_fd.get(connection.fd) is connection:
                del self._roster.by_fd[connection.fd]
        self.multi.close()
        for fd in self._fds | {one.fd for one in leaving}:
            self._poller.polled.discard(fd)
            self._poller.held.discard(fd)
            self._poller.forget(fd)
        for connection in leaving:
            self._roster.departed(connection, by)

    def _socket_changed(self, what: int, fd: int, multi: object, data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._fds.discard(fd)
        else:
            self._fds.add(fd)
        self._poller.socket_changed(what, fd, multi, data)

    def _timer_changed(self, timeout_ms: int) -> None:
        if timeout_ms == 0:
            self._is_due = True
            self.wakes_at = 0.0
        elif timeout_ms < 0:
            self.wakes_at = math.inf
        else:
            self.wakes_at = time.monotonic() + timeout_ms / 1000


class RetiredMultis:
    """Those of one pool; mostly there are none.

    Attributes:
        multis: The retired multi handles that loads still run on, the oldest first.
    """

    __slots__ = ("multis",)

    def __init__(self) -> None:
        self.multis: list[RetiredMulti] = []

    def add(self, old: RetiredMulti) -> None:
        """Keep one until its last load has ended; close it if nothing runs on it."""
        if old.running:
            self.multis.append(old)
            old.drop_idle()
        else:
            old.close()

    def wakes_at(self) -> float:
        """Return when libcurl wants to be called, in monotonic seconds."""
        return min((one.wakes_at for one in self.multis), default=math.inf)

    def run_timers(self, now: float, rounds: int) -> None:
        """See `RetiredMulti.run_timers`."""
        for old in self.multis:
            old.run_timers(now, rounds)

    def act(self, fd: int, events: int) -> bool:
        """Something happened on a descriptor; whether it is one of theirs."""
        for old in self.multis:
            if old.owns(fd):
                old.take_event(fd, events)
                return True
        return False

    def collect(self, finish: Callable[[pycurl.Curl, int, str], None]) -> None:
        """Call `finish` for each load that has ended: handle, result code, message."""
        for old in tuple(self.multis):
            _queued, succeeded, failed = old.multi.info_read()
            for curl in succeeded:
                finish(curl, 0, "")
            for curl, code, message in failed:
                finish(curl, code, message)
            if old.running and (succeeded or failed):
                old.drop_idle()

    def multi_of(self, curl: pycurl.Curl) -> pycurl.CurlMulti | None:
        """Return what a load runs on; None if that is none of these."""
        for old in self.multis:
            if curl in old.running:
                return old.multi
        return None

    def connections_of(
        self, multi: pycurl.CurlMulti, roster: Roster
    ) -> list[Connection]:
        """Return the live connections of a multi handle, one of these or the pool's."""
        live = list(roster.by_fd.values())
        for old in self.multis:
            if old.multi is multi:
                return [one for one in live if old.has(one)]
        return [one for one in live if not any(old.has(one) for old in self.multis)]

    def adopt(self, curl: pycurl.Curl, connection: Connection) -> None:
        """A load has opened a connection, which is the load's multi handle's."""
        for old in self.multis:
            if curl in old.running:
                old.adopt(connection)

    def left(self, curl: pycurl.Curl, by: ClosedBy | None = None) -> None:
        """A load has ended; the last one on its multi handle takes that with it."""
        for old in tuple(self.multis):
            if curl not in old.running:
                continue
            old.running.discard(curl)
            if not old.running:
                self.multis.remove(old)
                old.close(by or ClosedBy.LOCAL)
