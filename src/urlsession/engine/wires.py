"""Sockets of a session that libcurl does not use, and times to act at.

Decides how a socket that libcurl has let go is driven: by the session's own driver, in
the epoll that its pool's sockets are in too, with no thread of its own. Whoever owns a
socket reads and writes it from any thread, and is called when it is ready. Keeps the
facts of its connection, as the pool does of its own.

Knows neither what is spoken over a socket nor who waits for what.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
import weakref
from _socket import (
    SHUT_WR,
    SO_ERROR,
    SOL_SOCKET,
    socket,
)  # `socket` takes 2 ms more to load
from collections.abc import Callable, Iterable
from errno import ECONNABORTED, EPIPE
from typing import TYPE_CHECKING

from ..connections import ClosedBy, Connection
from .poller import GONE, HANGUP, Poller
from .roster import Roster
from .timetable import SLACK_S, Timetable

if TYPE_CHECKING:
    from ..connections import Listener, Owner
    from .driver import Driver

__all__ = ("LIVE_WIRES", "READABLE", "WRITABLE", "Timer", "Wire", "Wires")

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT

LIVE_WIRES: weakref.WeakSet[Wires] = weakref.WeakSet()
"""Those that watch something: what exit and fork have to see to."""


class Timer:
    """One time to act at. Made by `Wires.call_at`."""

    __slots__ = ("_wires", "act")

    def __init__(self, wires: Wires, act: Callable[[], None]) -> None:
        self._wires = wires
        self.act: Callable[[], None] | None = act

    def cancel(self) -> None:
        """Do not act. Harmless when it has, or was cancelled before."""
        self.act = None
        self._wires.forget(self)


class Wire:
    """One connected socket. Any thread may call any method, one at a time.

    Attributes:
        connection: Its facts.
        on_ready: Called on the driving thread when what `watch` asked for is there, or
            when the peer has closed its sending side.
        is_lost: Whether the connection is lost, or was closed by the session.
    """

    __slots__ = ("_mask", "_sock", "_wires", "connection", "is_lost", "on_ready")

    def __init__(
        self,
        wires: Wires,
        connection: Connection,
        sock: socket,
        on_ready: Callable[[], None],
    ) -> None:
        self._wires = wires
        self._sock = sock
        self._mask = -1
        self.connection = connection
        self.on_ready = on_ready
        self.is_lost = False

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self.connection.closed_at is not None

    def receive(self, size: int) -> bytes | None:
        """Return up to `size` bytes, empty at the peer's end; None if there are none.

        Raises:
            OSError: The connection is lost.
        """
        try:
            data = self._sock.recv(size)
        except (BlockingIOError, InterruptedError):
            return None
        now = time.monotonic()
        if data:
            self.connection.bytes_received += len(data)
            self.connection.last_used_at = now
        else:
            self.note_peer_fin(now)
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Send a part of `data` and return how much; 0 if there is no room now.

        Raises:
            OSError: The connection is lost.
        """
        try:
            count = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        self.connection.bytes_sent += count
        self.connection.last_used_at = time.monotonic()
        return count

    def shut_down_writing(self) -> None:
        """Send FIN; the peer may go on."""
        try:
            self._sock.shutdown(SHUT_WR)
        except OSError:  # it is gone already
            return
        if self.connection.fin_sent_at is None:
            self.connection.fin_sent_at = time.monotonic()

    def note_peer_fin(self, now: float) -> None:
        """Note that the peer has closed its sending side."""
        if self.connection.peer_fin_at is None:
            self.connection.peer_fin_at = now

    def check(self) -> None:
        """See to it that the connection is not lost.

        The kernel tells an error once: to whoever reads, writes or asks here first.

        Raises:
            OSError: It is lost.
        """
        if self.is_lost:
            code = ECONNABORTED
            if not self.is_closed:
                code = self._sock.getsockopt(SOL_SOCKET, SO_ERROR) or EPIPE
            raise OSError(code, os.strerror(code))

    def watch(self, mask: int) -> None:
        """Have `on_ready` called for these of `READABLE` and `WRITABLE`, until changed.

        The peer's FIN is listened for besides, until it was heard.
        """
        if self.is_closed:
            return
        if self.connection.peer_fin_at is None:
            mask |= HANGUP
        if mask != self._mask:
            self._mask = mask
            self._wires.register(self, mask)

    def silence(self) -> None:
        """The socket has ended both ways, which epoll would tell for ever."""
        self._mask = -1
        self._wires.unregister(self)

    def close(self, by: ClosedBy | None = None) -> None:
        """Close the socket. Harmless when repeated.

        Args:
            by: Who ended the connection; None to go by who sent FIN first.
        """
        self._wires.close_one(self, by)

    def close_socket(self) -> None:
        """Close the descriptor; for `Wires`."""
        self._sock.close()

    def detach(self) -> int:
        """Give up the descriptor without closing it; for a forked child."""
        return self._sock.detach()

    @property
    def fd(self) -> int:
        """The descriptor."""
        return self.connection.fd


class Wires:
    """The sockets of one session that are its own, and its times to act at."""

    def __init__(self, driver: Driver, owner: Owner) -> None:
        self.roster = Roster(owner, time.monotonic)
        self.is_closed = False
        self._driver = driver
        self._lock = threading.RLock()
        self._poller: Poller | None = None
        self._wires: dict[int, Wire] = {}
        self._timers: Timetable[Timer] = Timetable()
        self._armed_at = math.inf

    # -- for the layers above; any thread ------------------------------------------------

    def adopt(
        self, connection: Connection, fd: int, on_ready: Callable[[], None]
    ) -> Wire:
        """Take over a connected socket, whose connection is in the ledger already."""
        sock = socket(fileno=fd)
        sock.setblocking(False)
        wire = Wire(self, connection, sock, on_ready)
        with self._lock:
            self._attach_locked()
            connection.is_in_use = True
            self.roster.by_fd[fd] = connection
            self._wires[fd] = wire
        return wire

    def call_at(self, at: float, act: Callable[[], None]) -> Timer:
        """Call `act` at monotonic time `at`, on the driving thread."""
        timer = Timer(self, act)
        with self._lock:
            if self.is_closed:
                return timer
            self._attach_locked()
            self._timers.agree(timer, at)
            must_arm = at < self._armed_at
            if must_arm:
                self._armed_at = at
        if must_arm:
            self._driver.arm(self, at)
        return timer

    def connections(self) -> list[Connection]:
        """Return the live connections."""
        with self._lock:
            return list(self.roster.by_fd.values())

    def add_listener(self, listener: Listener) -> None:
        """Tell `listener` of each event from now on."""
        self.roster.listeners = (*self.roster.listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop telling `listener`."""
        self.roster.listeners = tuple(
            one for one in self.roster.listeners if one != listener
        )

    def close(self, by: ClosedBy | None = None) -> None:
        """Close every socket and forget every time. Harmless when repeated."""
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
            wires = list(self._wires.values())
            self._timers = Timetable()
        for wire in wires:
            self.close_one(wire, by)
            if by is not ClosedBy.EXIT:
                wire.is_lost = True
                wire.on_ready()
        with self._lock:
            self._detach_if_idle_locked()

    def abandon_in_child(self) -> list[int]:
        """In a forked child: forget everything without a byte to any peer.

        Returns:
            The descriptors that the child has inherited and should close.
        """
        self._lock = threading.RLock()  # may be held by a thread that is not here
        self.is_closed = True
        fds = [wire.detach() for wire in self._wires.values()]
        if self._poller is not None:
            fds.append(self._poller.fd)
            _IMMORTAL.append(self._poller)
        self._poller = None
        self._wires.clear()
        self.roster.by_fd.clear()
        self._timers = Timetable()
        return fds

    # -- for the driver ------------------------------------------------------------------

    def process(self, events: Iterable[tuple[int, int]] | None = None) -> None:
        """Call whoever has something to do. Called by whoever drives.

        Args:
            events: What epoll told, as (descriptor, events); None to ask it.
        """
        poller = self._poller
        if poller is None:
            return
        now = time.monotonic()
        for fd, bits in poller.events() if events is None else events:
            wire = self._wires.get(fd)
            if wire is None:
                poller.unregister(fd)
                continue
            if bits & select.EPOLLERR:
                wire.is_lost = True
            elif bits & GONE:
                wire.note_peer_fin(now)
            wire.on_ready()
        with self._lock:
            self._armed_at = math.inf
            due = self._timers.take_due(now + SLACK_S)
        for timer in due:
            act, timer.act = timer.act, None
            if act is not None:
                act()
        with self._lock:
            self._detach_if_idle_locked()
            at = self._timers.next_at
            must_arm = at < self._armed_at and not self.is_closed
            if must_arm:
                self._armed_at = at
        if must_arm:
            self._driver.arm(self, at)

    # -- for wires and timers --------------------------------------------------------------

    def register(self, wire: Wire, mask: int) -> None:
        """Watch a socket."""
        with self._lock:
            if self._poller is not None and self._wires.get(wire.fd) is wire:
                self._poller.register(wire.fd, mask)

    def unregister(self, wire: Wire) -> None:
        """Watch a socket no more."""
        with self._lock:
            if self._poller is not None and self._wires.get(wire.fd) is wire:
                self._poller.unregister(wire.fd)

    def forget(self, timer: Timer) -> None:
        """Act no more at a time."""
        with self._lock:
            self._timers.discard(timer)
            self._detach_if_idle_locked()

    def close_one(self, wire: Wire, by: ClosedBy | None) -> None:
        """Close a socket, and enter that in the ledger."""
        with self._lock:
            if self._wires.get(wire.fd) is not wire:
                return
            self.unregister(wire)
            del self._wires[wire.fd]
            wire.close_socket()
            self.roster.departed(wire.connection, by)
            self._detach_if_idle_locked()

    def _attach_locked(self) -> None:
        if self._poller is None and not self.is_closed:
            LIVE_WIRES.add(self)
            self._poller = self._driver.attach(self)

    def _detach_if_idle_locked(self) -> None:
        """Leave the driver: one that serves nobody any more can end."""
        poller = self._poller
        if poller is None or self._wires or self._timers.next_at < math.inf:
            return
        self._poller = None
        self._armed_at = math.inf
        LIVE_WIRES.discard(self)
        self._driver.detach(self, poller)


_IMMORTAL: list[object] = []
