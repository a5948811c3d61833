"""requests: the session, or an adapter of the user's own that no session has any more.

Decides that a session owns what its adapters' pools have. An adapter that the user
made, and that outlives its sessions (or was mounted away), is what one would close.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("RequestsAdapter",)

REMEMBERED = 4096  # connections of adapters without a session

_SESSION = OwnerState(is_closed=None, noun="session", closes_at_once=True)
_ADAPTER = OwnerState(
    is_closed=None, noun="adapter", has_block=False, closes_at_once=True
)


class RequestsAdapter(LibraryAdapter):
    """Knows requests' owners; sockets are Python's, loads `http.client`'s."""

    name = "requests"
    modules = ("requests",)
    internals = ("requests", "urllib3", "http.client")

    def __init__(self) -> None:
        self._session: type = type(None)
        self._adapter: type = type(None)
        self._left: dict[int, weakref.ref[object]] = {}

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("requests.adapters", self._hook_adapter)
        sink.when_imported("requests.sessions", self._hook)

    def _hook(self, module: ModuleType) -> None:
        self._session = module.Session
        self.sink.owner_type(self._session, words=_SESSION)

    def _hook_adapter(self, module: ModuleType) -> None:
        self._adapter = module.HTTPAdapter
        self.sink.owner_type(
            self._adapter,
            is_part=True,
            words=_ADAPTER,
            unless_in="requests.sessions",
        )

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections of the user's adapters that no session has."""
        handmade = self._handmade()
        if not handmade:
            return
        mounted = self._mounted()
        free = [one for one in handmade if id(one) not in mounted]
        for adapter in free:
            for inode in _inodes(adapter, kernel):
                self._left[inode] = weakref.ref(adapter)
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        # One that was closed since is in no pool: it still was its adapter's.
        for inode, ref in self._left.items():
            adapter = ref()
            if adapter is not None and id(adapter) not in mounted:
                yield Sighting(inode=inode, owner=self.sink.owner_of(adapter))

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it."""
        return _ADAPTER if isinstance(owner, self._adapter) else _SESSION

    def _handmade(self) -> list[Any]:
        return [
            one
            for one in self.sink.owners(self._adapter)
            if getattr(self.sink.owner_of(one), "is_handmade", False)
        ]

    def _mounted(self) -> set[int]:
        sessions: list[Any] = self.sink.owners(self._session)
        return {id(one) for each in sessions for one in each.adapters.values()}


def _inodes(adapter: Any, kernel: KernelSnapshot) -> Iterator[int]:
    inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
    # Its containers themselves: asking for a pool would make it the one used last.
    for pool in list(adapter.poolmanager.pools._container.values()):
        for connection in list(getattr(pool.pool, "queue", ())):
            sock = getattr(connection, "sock", None)
            if sock is not None and sock.fileno() in inodes:
                yield inodes[sock.fileno()]
