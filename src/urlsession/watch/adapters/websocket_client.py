"""websocket-client: the socket, or the app whose `run_forever` made it.

A connection is in use until the closing handshake: nobody knows when the peer has
something to say. An app does not close the socket of a peer that said goodbye.
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
                in_use = bool(one.connected)  # type: ignore[attr-defined]  # asked for by its class
                yield Sighting(inode=inodes[fd], is_checked_out=in_use)

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it, and whether an app has ended its run.

        Its `run_forever` closes what it opened, or believes so: nothing is left to call.
        """
        if not hasattr(owner, "run_forever"):
            return OwnerState(is_closed=None, noun="websocket", has_block=False)
        return OwnerState(
            is_closed=True if owner.keep_running is False else None,  # type: ignore[attr-defined]  # an app's
            noun="app",
            has_block=False,
            closes_at_once=True,
        )
