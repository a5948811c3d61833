"""urllib3, 1.26 and 2: the pool manager, or a pool that is used by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("Urllib3Adapter",)


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
        self.sink.owner_type(module.PoolManager, closers=("clear",), is_part=True)

    def _hook_pool(self, module: ModuleType) -> None:
        self.sink.owner_type(module.HTTPConnectionPool, is_part=True)

    def owner_state(self, owner: object) -> OwnerState:
        """Return how one closes it."""
        is_manager = hasattr(owner, "clear")
        return OwnerState(
            is_closed=None,
            closes_at_once=True,
            noun="pool manager" if is_manager else "pool",
            closing="clear()" if is_manager else "close()",
        )
