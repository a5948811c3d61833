"""httpx and httpx2: the client.

Decides that the client owns what its transports' pools have: the one that made a
connection, or one that is alive and has the transport now; a transport of the user's
that outlives its clients owns itself. A dropped client is freed while its sockets live
on below it, so its line comes from when it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .httpcore import pooled_inodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("HttpxAdapter",)


class HttpxAdapter(LibraryAdapter):
    """Knows the clients of httpx or of httpx2, which has the same inside.

    Args:
        name: Name of the package.
    """

    def __init__(self, name: str = "httpx") -> None:
        self.name = name
        self.modules = (name,)
        self.internals = (name,)
        self._clients: tuple[type, ...] = ()
        self._transports: tuple[type, ...] = ()

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        sink.when_imported(self.name, self._hook)

    def _hook(self, module: ModuleType) -> None:
        self._clients = (module.Client, module.AsyncClient)
        self._transports = (module.HTTPTransport, module.AsyncHTTPTransport)
        for types, is_part in ((self._clients, False), (self._transports, True)):
            sync, asynchronous = types
            # Leaving a block does not call the method.
            self.sink.owner_type(sync, closers=("close", "__exit__"), is_part=is_part)
            self.sink.owner_type(
                asynchronous, closers=("aclose", "__aexit__"), is_part=is_part
            )
        for cls in self._clients:
            self.sink.call_after(cls, "send", self._sent)

    def _sent(self, response: Any, *_: object, **__: object) -> None:
        stream = response.extensions.get("network_stream")
        sock = None if stream is None else stream.get_extra_info("socket")
        if sock is not None:
            self.sink.used(sock.fileno(), subject=response)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections of each live client, and of transports that have none."""
        owned: set[int] = set()
        for client in self._live(self._clients):
            for transport in _transports_of(client):
                for inode in _inodes(transport, kernel):
                    yield self._sight(inode, client, owned)
        for transport in self._live(self._transports):
            for inode in _inodes(transport, kernel):
                opener = self.sink.opener(inode)
                is_left = opener is not None and opener.ref() is None
                if is_left and inode not in owned and self._is_handmade(transport):
                    yield self._sight(inode, transport, owned)

    def owner_state(self, owner: Any) -> OwnerState:
        """Return whether a client was closed, and how one does that."""
        is_client = isinstance(owner, self._clients)
        return OwnerState(
            is_closed=bool(owner.is_closed) if is_client else None,
            noun="client" if is_client else "transport",
            closing="aclose()" if hasattr(owner, "aclose") else "close()",
            closes_at_once=True,
        )

    def _live(self, classes: tuple[type, ...]) -> Iterator[Any]:
        for cls in classes:
            yield from self.sink.owners(cls)

    def _sight(self, inode: int, owner: object, owned: set[int]) -> Sighting:
        owned.add(inode)
        return Sighting(inode=inode, owner=self.sink.owner_of(owner))

    def _is_handmade(self, transport: object) -> bool:
        return bool(getattr(self.sink.owner_of(transport), "is_handmade", False))


def _transports_of(client: Any) -> Iterator[Any]:
    if not hasattr(client, "_mounts"):
        return  # another thread is making it at this moment
    if not client.is_closed:
        yield from (client._transport, *client._mounts.values())


def _inodes(transport: Any, kernel: KernelSnapshot) -> Iterator[int]:
    pool = getattr(transport, "_pool", None)
    if hasattr(pool, "_connections"):
        yield from pooled_inodes(pool, kernel)
