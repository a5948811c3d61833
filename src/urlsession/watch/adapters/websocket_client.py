"""websocket-client: the socket, or the app whose `run_forever` made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..adapter import LibraryAdapter, OwnerState

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("WebsocketClientAdapter",)


class WebsocketClientAdapter(LibraryAdapter):
    """Knows websocket-client's owners; its sockets are Python's."""

    name = "websocket-client"
    modules = ("websocket",)
    internals = ("websocket",)

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("websocket._core", self._hook_socket)
        sink.when_imported("websocket._app", self._hook_app)

    def _hook_socket(self, module: ModuleType) -> None:
        self.sink.owner_type(module.WebSocket, closers=("close", "shutdown"))

    def _hook_app(self, module: ModuleType) -> None:
        self.sink.owner_type(module.WebSocketApp)

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it."""
        is_app = hasattr(owner, "run_forever")
        return OwnerState(
            is_closed=None, noun="app" if is_app else "websocket", has_block=False
        )
