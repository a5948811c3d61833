"""requests: the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("RequestsAdapter",)


_SESSION = OwnerState(is_closed=None, noun="session", closes_at_once=True)


class RequestsAdapter(LibraryAdapter):
    """Knows requests' owner; sockets are Python's, loads `http.client`'s."""

    name = "requests"
    modules = ("requests",)
    internals = ("requests", "urllib3", "http.client")

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        sink.when_imported("requests.sessions", self._hook)

    def _hook(self, module: ModuleType) -> None:
        self.sink.owner_type(module.Session, words=_SESSION)

    def owner_state(self, owner: object) -> OwnerState:  # noqa: ARG002 - every session is alike
        """Return what to call it."""
        return _SESSION
