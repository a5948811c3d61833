"""urllib3, 1.26 and 2: the pool manager, or a pool that is used by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("Urllib3Adapter",)


_SHARED = OwnerState(is_closed=None, is_exempt=True, noun="pool manager")
_MANAGER = OwnerState(
    is_closed=None, closes_at_once=True, noun="pool manager", closing="clear()"
)
_POOL = OwnerState(is_closed=None, closes_at_once=True, noun="pool")


class Urllib3Adapter(LibraryAdapter):
    """Knows urllib3's owners; its sockets are Python's, its loads `http.client`'s."""

    name = "urllib3"
    modules = ("urllib3",)
    internals = ("urllib3",)

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("urllib3.poolmanager", self._hook_manager)
        sink.when_imported("urllib3.connectionpool", self._hook_pool)

    def _hook_manager(self, module: ModuleType) -> None:
        self.sink.owner_type(
            module.PoolManager,
            closers=("clear",),
            is_part=True,
            words=_MANAGER,
            unless_in="requests.adapters",
        )

    def _hook_pool(self, module: ModuleType) -> None:
        self.sink.owner_type(module.HTTPConnectionPool, is_part=True, words=_POOL)

    def owner_state(self, owner: object) -> OwnerState:
        """Return how one closes it; nobody is asked to close urllib3's own manager."""
        library = sys.modules.get("urllib3")
        if owner is getattr(library, "_DEFAULT_POOL", None):
            return _SHARED  # what `urllib3.request` loads with
        return _MANAGER if hasattr(owner, "clear") else _POOL
