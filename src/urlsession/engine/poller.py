"""What libcurl waits for, in one epoll; and the ear for what it does not.

Decides what the kernel is asked to watch. A pooled socket stays registered while it
is idle: that saves a registration for each request, and it is how a peer's FIN is
heard, which libcurl would sleep through.

Everything here runs under the pool's lock, much of it inside libcurl's callbacks
and for every request: hence the few calls.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import pycurl

from ..connections import LEDGER, ConnectionEvent
from .sockets import local_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..connections import Connection
    from .driver import Driven
    from .roster import Roster
    from .transfer import Transfer

__all__ = ("CURL_EVENTS", "GONE", "HANGUP", "LONGEST_POLL_S", "Poller")

LONGEST_POLL_S = 3600.0
"""No wait is longer, in seconds: epoll takes no more than 24 days."""

HANGUP = select.EPOLLRDHUP
"""The peer has closed its sending side."""

GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
"""Events after which an idle connection is of no use."""

_READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR | HANGUP
CURL_EVENTS = tuple(
    (pycurl.CSELECT_IN if events & _READABLE else 0)
    | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0)
    for events in range(32)
)
"""What libcurl is told for the low five bits of epoll's events (the rest: IN)."""

_MASKS = {
    pycurl.POLL_IN: select.EPOLLIN | HANGUP,
    pycurl.POLL_OUT: select.EPOLLOUT | HANGUP,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT | HANGUP,
}
_WRITABLE = select.EPOLLOUT
_IDLE_MASK = _MASKS[pycurl.POLL_IN]
_POLL_IN = pycurl.POLL_IN
_POLL_REMOVE = pycurl.POLL_REMOVE


class Poller:
    """What one pool has registered in an epoll, its own or one that it shares.

    Args:
        roster: The pool's connections.
        epoll: Where to register.
        directory: Which pool a descriptor in a shared epoll belongs to.
        pool: The pool.

    Attributes:
        fd: Descriptor of the epoll itself.
        polled: Descriptors that libcurl waits for now.
        held: Descriptors under a paused transfer: in use though not polled.
        writers: Transfers that wait for their descriptor to take more, of whatever
            libcurl waits for.
        pausing: None, or the descriptors that libcurl stopped to poll since a body
            callback asked for a pause; which of them is held is known later.
    """

    __slots__ = (
        "_by_fd",
        "_directory",
        "_epoll",
        "_masks",
        "_pool",
        "_roster",
        "fd",
        "held",
        "pausing",
        "polled",
        "writers",
    )

    def __init__(
        self,
        roster: Roster,
        epoll: select.epoll,
        directory: dict[int, Driven],
        pool: Driven,
    ) -> None:
        self._epoll = epoll
        self._directory = directory
        self._pool = pool
        self.fd = epoll.fileno()
        self.polled: set[int] = set()
        self.held: set[int] = set()
        self.pausing: list[int] | None = None
        self.writers: dict[int, Transfer] = {}
        self._masks: dict[int, int] = {}
        self._roster = roster
        self._by_fd = roster.by_fd

    def events(self) -> list[tuple[int, int]]:
        """Return what has happened, as (descriptor, events); does not wait."""
        return self._epoll.poll(0)

    def wait(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """Return events as (descriptor, events), none after `timeout_s` or before that.

        The one method that needs no lock.
        """
        try:
            return self._epoll.poll(min(timeout_s, LONGEST_POLL_S))
        except (ValueError, OSError):  # closed by another thread meanwhile
            return ()

    def socket_changed(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Take what libcurl wants to wait for; its SOCKETFUNCTION."""
        connection = self._by_fd.get(fd)
        if what == _POLL_REMOVE:
            self.polled.discard(fd)
            if connection is None:
                # libcurl's own, for its threads: it comes back with the next load.
                # What it tells meanwhile ends its registration, see `Upkeep.hear`.
                return
            if (
                connection.connected_at is not None
                and self._masks.get(fd) == _IDLE_MASK
                and fd not in self.held
                and self.pausing is None
            ):
                connection.is_in_use = False
                if LEDGER.listeners or self._roster.listeners:
                    self._roster.tell(ConnectionEvent.IDLE, connection)
            else:
                self._stopped(fd, connection)
            return
        mask = _MASKS[what]
        if fd in self.writers:
            mask |= _WRITABLE
        if fd in self.polled and self._masks.get(fd) == mask:
            return
        self.polled.add(fd)
        # Asked of the kernel although a pooled socket mostly has its mask already:
        # had libcurl closed it unseen, only the kernel would know.
        try:
            self._epoll.modify(fd, mask)
            self._masks[fd] = mask
        except OSError:
            self.register(fd, mask)
        if connection is None:
            return
        if connection.connected_at is None and what & _POLL_IN:
            self._roster.connected(connection, local_address(fd))
        connection.was_polled = True
        if not connection.is_in_use:
            connection.is_in_use = True
            if connection.loads and (LEDGER.listeners or self._roster.listeners):
                self._roster.tell(ConnectionEvent.REUSED, connection)

    def wait_to_write(self, fd: int, transfer: Transfer) -> None:
        """Have the pool call `transfer` when `fd` takes more."""
        self.writers[fd] = transfer
        mask = self._masks.get(fd, 0) if fd in self.polled else 0
        self.register(fd, mask | _WRITABLE)

    def end_write(self, transfer: Transfer) -> None:
        """Nothing of `transfer` waits to be written any more."""
        for fd in [fd for fd, one in self.writers.items() if one is transfer]:
            del self.writers[fd]
            if fd in self.polled:
                self.register(fd, self._masks.get(fd, _IDLE_MASK) & ~_WRITABLE)
            else:
                self.unregister(fd)

    def rest(self, connection: Connection) -> None:
        """Listen for the peer's FIN on a connection that has become idle."""
        self.register(connection.fd, _IDLE_MASK)
        connection.is_in_use = False
        self._roster.tell(ConnectionEvent.IDLE, connection)

    def listen_for_fin_only(self, fd: int) -> None:
        """Leave unread bytes alone: libcurl reads them when it uses the connection."""
        self.register(fd, HANGUP)

    def register(self, fd: int, mask: int) -> None:
        """Watch `fd`, whatever was known of that number before."""
        try:
            self._epoll.register(fd, mask)
        except FileExistsError:
            self._epoll.modify(fd, mask)
        self._masks[fd] = mask
        self._directory[fd] = self._pool

    def unregister(self, fd: int) -> None:
        """Stop to watch `fd`; it may be closed already."""
        self.forget(fd)
        try:
            self._epoll.unregister(fd)
        except (OSError, ValueError):  # one of the two is closed already
            return

    def forget(self, fd: int) -> None:
        """What was known of the number `fd` is void."""
        self._masks.pop(fd, None)
        if self._directory.get(fd) is self._pool:
            del self._directory[fd]

    def clear(self) -> None:
        """Every socket has been closed."""
        for fd in list(self._masks):
            self.forget(fd)
        self.polled.clear()
        self.held.clear()
        self.writers.clear()

    def close(self) -> None:
        """Close the epoll, which is this pool's own."""
        self._epoll.close()

    def rouse(self, alarm_fd: int) -> None:
        """Make `wait` return on another thread; `alarm_fd` is always readable."""
        try:
            self._epoll.register(alarm_fd, select.EPOLLIN)
        except (OSError, ValueError):  # roused already, or closed
            return

    def settle(self) -> None:
        """Now that `held` is right: the others of `pausing` have become idle."""
        stopped, self.pausing = self.pausing, None
        for fd in stopped or ():
            connection = self._by_fd.get(fd)
            if connection is not None and not self._roster.is_alive(connection):
                # libcurl has closed it meanwhile, within the same callback.
                self.unregister(fd)
                self._roster.departed(connection)
            elif fd not in self.polled:
                self._stopped(fd, connection)

    def _stopped(self, fd: int, connection: Connection | None) -> None:
        if self.pausing is not None:
            self.pausing.append(fd)
        elif connection is None or connection.connected_at is None:
            self.unregister(fd)
        elif fd in self.writers:
            self.register(fd, _WRITABLE)
        elif fd in self.held:
            self.unregister(fd)  # its unread bytes would wake us for ever
        else:
            self.rest(connection)
