"""websockets: the connection, of asyncio, of threads, and of the older API.

A connection is made after its socket, so it is told of when it gets the socket. What
does not work: taking `connect`, which is a function, a class or a context manager
according to the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState
from .asyncio_streams import descriptor_of

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("WebsocketsAdapter",)

_CLOSING = 2  # websockets.protocol.State; the peer's FIN follows of itself


class WebsocketsAdapter(LibraryAdapter):
    """Knows the client connections of websockets."""

    name = "websockets"
    modules = ("websockets",)
    internals = ("websockets",)

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("websockets.asyncio.client", self._hook_asyncio)
        sink.when_imported("websockets.legacy.client", self._hook_legacy)
        sink.when_imported("websockets.sync.client", self._hook_sync)

    def _hook_asyncio(self, module: ModuleType) -> None:
        self._hook(module.ClientConnection)

    def _hook_legacy(self, module: ModuleType) -> None:
        self._hook(module.WebSocketClientProtocol)

    def _hook(self, cls: type) -> None:
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "connection_made", self._has_transport)

    def _hook_sync(self, module: ModuleType) -> None:
        cls = module.ClientConnection
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "__init__", self._has_socket)

    def _has_transport(self, _: object, connection: Any, transport: Any) -> None:
        fd = descriptor_of(transport)
        if fd is not None:
            # The loop calls it; the line is known to asyncio's adapter.
            self.sink.opened(fd, owner=connection, subject=transport, is_on_stack=False)

    def _has_socket(
        self, _: object, connection: Any, sock: Any, *__: object, **___: object
    ) -> None:
        self.sink.opened(sock.fileno(), owner=connection, subject=connection)

    def owner_state(self, owner: Any) -> OwnerState:
        """Return whether a connection was closed, or is being closed."""
        # The older API has its state itself.
        state = getattr(owner, "state", None)
        if state is None:
            state = owner.protocol.state
        return OwnerState(
            is_closed=state >= _CLOSING or None, noun="connection", has_block=False
        )
