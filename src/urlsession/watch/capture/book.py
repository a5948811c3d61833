"""The observer's own book of connections: each socket from connect to close.

Decides what is kept of a connection that no library keeps a book of. Identity is the
socket's inode; descriptors are looked up for the hot path only and dropped at the
close. The past is bounded, so that a program that runs for ever costs no more.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING

from ..adapter import Sighting

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable

    from ...connections import Address, CallSite, ClosedBy
    from .owners import OwnerRecord

__all__ = ("SocketBook", "SocketRecord")

REMEMBERED = 4096  # closed connections; some 0.7 KiB each


class SocketRecord:
    """One connection; written by the hooks, read by the survey.

    Attributes:
        serial: Number in the order of opening, never used again.
        socket: Weak reference to the Python object; None for a socket that has none.
        subject: Weak reference to what keeps the connection when its owner is gone or
            beside the point: a transport, an unread response.
        stand_in: The owner unless a library's object turns out to be one: the transport
            that a task of the library's own asked for.
        run_by: The user's line that ran the loop or thread which connected; stands in
            for the line that wanted the connection until that is known.
        is_inferred: Whether it was found in the kernel's list, not seen to be made.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "closed_at",
        "closed_by",
        "fd",
        "host",
        "inode",
        "is_inferred",
        "last_used_at",
        "last_used_by",
        "local",
        "opened_at",
        "opened_by",
        "owner",
        "peer_fin_at",
        "remote",
        "requests",
        "run_by",
        "serial",
        "socket",
        "stand_in",
        "state_at_close",
        "subject",
        "task",
        "thread",
    )

    def __init__(self, *, serial: int, inode: int, fd: int, opened_at: float) -> None:
        self.serial = serial
        self.inode = inode
        self.fd = fd
        self.opened_at = opened_at
        self.opened_by: CallSite | None = None
        self.run_by: CallSite | None = None
        self.host: str | None = None
        self.remote: Address | None = None
        self.local: Address | None = None
        self.thread: str | None = None
        self.task: str | None = None
        self.owner: OwnerRecord | None = None
        self.stand_in: OwnerRecord | None = None
        self.socket: weakref.ref[object] | None = None
        self.subject: weakref.ref[object] | None = None
        self.is_inferred = False
        self.requests: int | None = None
        self.last_used_at: float | None = None
        self.last_used_by: CallSite | None = None
        self.closed_at: float | None = None
        self.closed_by: ClosedBy | None = None
        self.state_at_close: str | None = None
        self.peer_fin_at: float | None = None
        self.bytes_sent: int | None = None
        self.bytes_received: int | None = None


class SocketBook:
    """Every connection that the hooks saw, or that was found in the kernel's list."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._serials = itertools.count(1)
        self._open: dict[int, SocketRecord] = {}
        self.by_fd: dict[int, SocketRecord] = {}
        self._closed: deque[SocketRecord] = deque(maxlen=remembered)
        self.forgotten_count = 0
        # Called at the next connection, and never again.
        self.when_entered: Callable[[], None] | None = None

    def has_entered(self) -> None:
        """Tell who waits for a first connection; never raises."""
        tell, self.when_entered = self.when_entered, None
        if tell is not None:
            try:
                tell()
            except Exception:
                return

    def open(self, inode: int, fd: int, now: float) -> SocketRecord:
        """Enter a connection that begins."""
        former = self.by_fd.get(fd)
        if former is not None:
            # The descriptor is used again: nobody told that C code closed the former.
            self.close(former, None, now)
        record = SocketRecord(
            serial=next(self._serials), inode=inode, fd=fd, opened_at=now
        )
        self._open[inode] = record
        self.by_fd[fd] = record
        if self.when_entered is not None:
            self.has_entered()
        return record

    def infer(self, inode: int, fd: int, now: float) -> SocketRecord | None:
        """Enter a connection that was found in the kernel's list; None if it is known.

        Safe beside a thread that enters the same one.
        """
        record = SocketRecord(
            serial=next(self._serials), inode=inode, fd=fd, opened_at=now
        )
        record.is_inferred = True
        if self._open.setdefault(inode, record) is not record:
            return None
        former = self.by_fd.get(fd)
        if former is not None:
            self.close(former, None, now)
        self.by_fd[fd] = record
        if self.when_entered is not None:
            self.has_entered()
        return record

    def of_inode(self, inode: int) -> SocketRecord | None:
        """Return an open connection by its socket's inode."""
        return self._open.get(inode)

    def of_fd(self, fd: int) -> SocketRecord | None:
        """Return an open connection by its descriptor, as it was last known."""
        return self.by_fd.get(fd)

    def close(self, record: SocketRecord, by: ClosedBy | None, now: float) -> None:
        """Record that a connection ended."""
        if self._leave(record):
            record.closed_at = now
            record.closed_by = by
            closed = self._closed
            if len(closed) == closed.maxlen:
                self.forgotten_count += 1
            closed.append(record)

    def drop(self, record: SocketRecord) -> None:
        """Forget what never became a connection."""
        self._leave(record)

    def open_records(self) -> list[SocketRecord]:
        """Return the open connections, oldest first."""
        return list(self._open.values())

    def closed_records(self) -> list[SocketRecord]:
        """Return the remembered closed connections, oldest first."""
        return list(self._closed)

    def forget(self) -> None:
        """Drop every entry: a forked child has made no connection yet."""
        self._open.clear()
        self.by_fd.clear()
        self._closed.clear()
        self.forgotten_count = 0

    def sightings(self, *, only_open: bool = False) -> list[Sighting]:
        """Return what is known of each connection, open or remembered."""
        closed = () if only_open else list(self._closed)
        return [_sight(one) for one in (*closed, *list(self._open.values()))]

    def _leave(self, record: SocketRecord) -> bool:
        if self.by_fd.get(record.fd) is record:
            del self.by_fd[record.fd]
        return self._open.pop(record.inode, None) is not None


def _sight(one: SocketRecord) -> Sighting:
    return Sighting(
        key=one.serial,
        inode=one.inode,
        host=one.host,
        remote=one.remote,
        local=one.local,
        opened_at=one.opened_at,
        opened_by=one.opened_by or one.run_by,
        last_used_at=one.last_used_at,
        last_used_by=one.last_used_by,
        thread=one.thread,
        task=one.task,
        closed_at=one.closed_at,
        closed_by=one.closed_by,
        peer_fin_at=one.peer_fin_at,
        requests=one.requests,
        bytes_sent=one.bytes_sent,
        bytes_received=one.bytes_received,
        state_at_close=one.state_at_close,
        owner=one.owner or one.stand_in,
        subject=one.subject if _is_alive(one.subject) else one.socket,
        is_inferred=one.is_inferred,
    )


def _is_alive(ref: weakref.ref[object] | None) -> bool:
    return ref is not None and ref() is not None
