"""niquests: the session, blocking and async; below it is urllib3-future.

Its package puts itself in urllib3's place, so the names of the pools are urllib3's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("NiquestsAdapter",)


class NiquestsAdapter(LibraryAdapter):
    """Knows niquests' owners, and the replies of the connections below them."""

    name = "niquests"
    modules = ("niquests",)
    internals = ("niquests", "urllib3", "urllib3_future", "http.client")

    def __init__(self) -> None:
        self._replies: list[type] = []

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("urllib3.backend.hface", self._hook_connection)
        sink.when_imported("urllib3.backend._async.hface", self._hook_connection)
        sink.when_imported("niquests.sessions", self._hook)
        sink.when_imported("niquests.async_session", self._hook_async)

    def _hook(self, module: ModuleType) -> None:
        self.sink.owner_type(module.Session)

    def _hook_async(self, module: ModuleType) -> None:
        self.sink.owner_type(module.AsyncSession)

    def _hook_connection(self, module: ModuleType) -> None:
        for name in ("HfaceBackend", "AsyncHfaceBackend"):
            connection = vars(module).get(name)
            if connection is not None:
                self.sink.call_after(connection, "getresponse", self._got_response)

    def _got_response(self, response: Any, connection: Any, *_: Any, **__: Any) -> None:
        if type(response) not in self._replies:
            self._replies.append(type(response))
        sock = getattr(connection, "sock", None)
        if sock is not None:
            self.sink.used(sock.fileno(), subject=response)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:  # noqa: ARG002 - from the book
        """Return the connections whose response still waits to be read."""
        for cls in self._replies:
            for inode, response in self.sink.subjects(cls):
                is_unread = not response.isclosed()  # type: ignore[attr-defined]  # asked for by its class
                yield Sighting(
                    inode=inode, is_checked_out=is_unread, has_unread_body=is_unread
                )

    def owner_state(self, owner: object) -> OwnerState:
        """Return how one closes it."""
        is_async = type(owner).__name__.startswith("Async")
        return OwnerState(
            is_closed=None,
            noun="session",
            closing="await close()" if is_async else "close()",
        )
