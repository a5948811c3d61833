"""pymongo, blocking and asyncio: the client.

A client watches its servers and warms its pools from threads (or tasks) of its own,
which refer to it weakly: no stack leads from them to the client. Each pool bears the
id of its client's topology, and by that the owner is found when a pool connects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("PyMongoAdapter",)


class PyMongoAdapter(LibraryAdapter):
    """Knows pymongo's clients and the pools of each."""

    name = "pymongo"
    modules = ("pymongo",)
    internals = ("pymongo",)

    def __init__(self) -> None:
        self._clients: list[type] = []

    def hook(self, sink: Sink) -> None:
        """Wait for the modules; before 4.9 there was one kind of client."""
        for package in ("pymongo", "pymongo.synchronous", "pymongo.asynchronous"):
            sink.when_imported(f"{package}.mongo_client", self._hook_client)
            sink.when_imported(f"{package}.pool", self._hook_pool)

    def _hook_client(self, module: ModuleType) -> None:
        for name in ("MongoClient", "AsyncMongoClient"):
            cls = vars(module).get(name)
            # The package's own module only names what the others define.
            if cls is not None and cls.__module__ == module.__name__:
                self._clients.append(cls)
                self.sink.owner_type(cls)

    def _hook_pool(self, module: ModuleType) -> None:
        pool, connection = vars(module).get("Pool"), vars(module).get("Connection")
        if pool is not None and pool.__module__ == module.__name__:
            self.sink.call_after(pool, "connect", self._connected)
        if connection is not None and connection.__module__ == module.__name__:
            self.sink.call_before(connection, "command", self._commands)

    def _connected(self, connection: Any, pool: Any, *_: object, **__: object) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            host = pool.address[0]
            self.sink.opened(
                fd, owner=self._client_of(pool), subject=connection, host=host
            )

    def _commands(self, connection: Any, *_: object, **__: object) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            self.sink.used(fd, subject=connection)

    def _client_of(self, pool: Any) -> object:
        """Return a pool's client by the id that its topology shares with the pool."""
        wanted = getattr(pool, "_client_id", None)
        if wanted is None:
            wanted = getattr(getattr(pool, "_telemetry", None), "_client_id", None)
        if wanted is None:
            return None
        for cls in self._clients:
            client = getattr(cls, "_clients", {}).get(wanted)
            if client is not None:
                return client
        for client in self._live():
            if client._topology_settings._topology_id == wanted:
                return client
        return None

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections that wait in the pools of a client."""
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for client in self._live():
            record = self.sink.owner_of(client)
            topology = getattr(client, "_topology", None)
            for server in list(getattr(topology, "_servers", {}).values()):
                for connection in list(server.pool.conns):
                    fd = _descriptor(connection)
                    if fd in inodes:
                        yield Sighting(
                            inode=inodes[fd], owner=record, is_checked_out=False
                        )

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a client was closed."""
        return OwnerState(is_closed=getattr(owner, "_closed", None), noun="client")

    def _live(self) -> Iterator[Any]:
        for cls in self._clients:
            yield from self.sink.owners(cls)


def _descriptor(connection: Any) -> int | None:
    """Return a connection's descriptor; None for one that is closed."""
    sock = connection.conn
    sock = getattr(sock, "sock", sock)  # what newer ones have around it
    fd = -1 if sock is None else sock.fileno()
    return fd if fd >= 0 else None
