"""niquests: the session, blocking and async; below it is urllib3-future.

Its package puts itself in urllib3's place, so the names of the pools are urllib3's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("NiquestsAdapter",)


class NiquestsAdapter(LibraryAdapter):
    """Knows niquests' owners; its sockets are Python's."""

    name = "niquests"
    modules = ("niquests",)
    internals = ("niquests", "urllib3", "urllib3_future", "http.client")

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("niquests.sessions", self._hook)
        sink.when_imported("niquests.async_session", self._hook_async)

    def _hook(self, module: ModuleType) -> None:
        self.sink.owner_type(module.Session)

    def _hook_async(self, module: ModuleType) -> None:
        self.sink.owner_type(module.AsyncSession)

    def owner_state(self, owner: object) -> OwnerState:
        """Return how one closes it."""
        is_async = type(owner).__name__.startswith("Async")
        return OwnerState(
            is_closed=None,
            noun="session",
            closing="await close()" if is_async else "close()",
        )
