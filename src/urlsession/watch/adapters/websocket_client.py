"""websocket-client: the socket, or the app whose `run_forever` made it.

A connection is in use as long as it is open: nobody knows when the peer has something
to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("WebsocketClientAdapter",)


class WebsocketClientAdapter(LibraryAdapter):
    """Knows websocket-client's owners; its sockets are Python's."""

    name = "websocket-client"
    modules = ("websocket",)
    internals = ("websocket",)

    def __init__(self) -> None:
        self._socket: type | None = None

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("websocket._core", self._hook_socket)
        sink.when_imported("websocket._app", self._hook_app)

    def _hook_socket(self, module: ModuleType) -> None:
        self._socket = module.WebSocket
        self.sink.owner_type(module.WebSocket, closers=("close", "shutdown"))

    def _hook_app(self, module: ModuleType) -> None:
        self.sink.owner_type(module.WebSocketApp)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the open connections."""
        if self._socket is None:
            return
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for one in self.sink.owners(self._socket):
            sock: Any = one.sock  # type: ignore[attr-defined]  # asked for by its class
            fd = None if sock is None else sock.fileno()
            if fd in inodes:
                yield Sighting(inode=inodes[fd], is_checked_out=True)

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it."""
        is_app = hasattr(owner, "run_forever")
        return OwnerState(
            is_closed=None, noun="app" if is_app else "websocket", has_block=False
        )
