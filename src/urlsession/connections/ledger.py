"""The process's book of connections: opened − closed = live.

The client writes it, `watch` reads it through the adapter for `URLSession`. It
holds owners by weak reference only, so that it never keeps a session alive, and
a bounded number of closed connections, so that it never grows.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .connection import ConnectionEvent

if TYPE_CHECKING:
    from .connection import ClosedBy, Connection, Owner

__all__ = ("LEDGER", "Ledger", "Listener")

Listener = Callable[["ConnectionEvent", "Connection"], None]
"""Called on the thread that drives the session; must be quick and must not raise."""

Gate = Callable[["Owner"], bool]
"""Whether an owner may open a socket."""

CLOSED_HISTORY = 256  # closed connections remembered; watch asks for more


class Ledger:
    """Every connection of one process.

    Safe to read from any thread. Written by the thread that drives the session.
    """

    def __init__(self) -> None:
        self._serials = itertools.count(1)
        self._open: dict[int, Connection] = {}
        self._closed: deque[Connection] = deque(maxlen=CLOSED_HISTORY)
        self.listeners: tuple[Listener, ...] = ()
        self.close_listeners: tuple[Listener, ...] = ()
        self.gates: tuple[Gate, ...] = ()
        """Asked before a socket is opened; each may refuse it (stubs of tests do)."""
        self.opened_count = 0
        self.closed_count = 0
        self.traces_call_sites = False
        """Whether tasks note the line that made them (set by watch; costs a walk)."""

    def next_id(self) -> int:
        """Return a serial number that no other connection has."""
        return next(self._serials)

    def add(self, connection: Connection) -> None:
        """Enter a connection that has just been opened."""
        self._open[connection.id] = connection
        self.opened_count += 1

    def close(self, connection: Connection, by: ClosedBy, now: float) -> bool:
        """Record that a connection ended; False if that was recorded before."""
        if self._open.pop(connection.id, None) is None:
            return False
        connection.closed_at = now
        connection.closed_by = by
        connection.is_in_use = False
        self.closed_count += 1
        self._closed.append(connection)
        return True

    def tell(self, event: ConnectionEvent, connection: Connection) -> None:
        """Pass an event to every listener; a listener's error goes no further."""
        listeners = self.listeners
        if event is ConnectionEvent.CLOSED:
            listeners += self.close_listeners
        for listener in listeners:
            try:
                listener(event, connection)
            except Exception:  # a listener observes, it must not disturb
                continue

    def open_connections(self) -> list[Connection]:
        """Return the live connections, oldest first."""
        return list(self._open.values())

    def closed_connections(self) -> list[Connection]:
        """Return the remembered closed connections, oldest first."""
        return list(self._closed)

    def forget(self) -> None:
        """Drop every entry: a forked child has no connections of its own yet."""
        self._open.clear()
        self._closed.clear()
        self.opened_count = self.closed_count = 0

    def remember(self, count: int) -> None:
        """Keep up to `count` closed connections from now on."""
        self._closed = deque(self._closed, maxlen=count)

    def add_listener(self, listener: Listener, *, closes_only: bool = False) -> None:
        """Tell `listener` of each event from now on.

        Args:
            listener: Whom to tell.
            closes_only: Tell of closes only, which costs the loads nothing.
        """
        if closes_only:
            self.close_listeners = (*self.close_listeners, listener)
        else:
            self.listeners = (*self.listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop telling `listener`; nothing happens if it was not told."""
        self.listeners = tuple(one for one in self.listeners if one != listener)
        self.close_listeners = tuple(
            one for one in self.close_listeners if one != listener
        )

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Tell `listener` of each event inside the block."""
        self.add_listener(listener)
        try:
            yield
        finally:
            self.remove_listener(listener)


LEDGER = Ledger()
"""The ledger of this process."""
