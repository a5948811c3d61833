"""websockets: the connection, of asyncio, of threads, and of the older API.

A connection is made after its socket, so it is told of when it gets the socket. It is
in use as long as it is open: nobody knows when the peer has something to say. What
does not work: taking `connect`, which is a function, a class or a context manager
according to the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .asyncio_streams import descriptor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("WebsocketsAdapter",)

_CLOSING = 2  # websockets.protocol.State; the peer's FIN follows of itself


class WebsocketsAdapter(LibraryAdapter):
    """Knows the client connections of websockets."""

    name = "websockets"
    modules = ("websockets",)
    internals = ("websockets",)

    def __init__(self) -> None:
        self._connections: list[type] = []

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
        self._connections.append(cls)
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "connection_made", self._has_transport)

    def _hook_sync(self, module: ModuleType) -> None:
        cls = module.ClientConnection
        self._connections.append(cls)
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "__init__", self._has_socket)

    def _has_transport(self, _: object, connection: Any, transport: Any) -> None:
        fd = descriptor_of(transport)
        if fd is not None:
            # The loop calls it; the line is known to asyncio's adapter.
            self.sink.opened(
                fd, owner=connection, subject=connection, is_on_stack=False
            )

    def _has_socket(
        self, _: object, connection: Any, sock: Any, *__: object, **___: object
    ) -> None:
        self.sink.opened(sock.fileno(), owner=connection, subject=connection)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the open connections."""
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for cls in self._connections:
            for connection in self.sink.owners(cls):
                fd = _descriptor(connection)
                if fd in inodes:
                    yield Sighting(inode=inodes[fd], is_checked_out=True)

    def owner_state(self, owner: Any) -> OwnerState:
        """Return whether a connection was closed, or is being closed."""
        # The older API has its state itself.
        state = getattr(owner, "state", None)
        if state is None:
            state = owner.protocol.state
        return OwnerState(
            is_closed=state >= _CLOSING or None, noun="connection", has_block=False
        )


def _descriptor(connection: Any) -> int | None:
    """Return a connection's descriptor; None for one that has none, or is closed."""
    transport = getattr(connection, "transport", None)
    if transport is not None:
        return descriptor_of(transport)
    sock = getattr(connection, "socket", None)
    return None if sock is None else int(sock.fileno())
