"""redis-py, blocking and asyncio: the client, or the pool that the user made.

A client that made its pool closes it, so it is the owner; a pool that was handed to a
client outlives that client by design, so its owner is itself. Which of the two holds
is asked when a report is made, from the pools: a subscription or a pipeline borrows a
connection without its client's help. What does not work: taking the object whose
method led to the connection, which is often a short-lived client around a shared pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("RedisAdapter",)


class RedisAdapter(LibraryAdapter):
    """Knows redis-py's clients and pools, and which connections are lent."""

    name = "redis"
    modules = ("redis",)
    internals = ("redis",)

    def __init__(self) -> None:
        self._clients: list[type] = []
        self._pools: list[type] = []
        self._clusters: list[type] = []
        self._pool_of: WeakKeyDictionary[Any, ReferenceType[Any]] = WeakKeyDictionary()
        self._client_of: WeakKeyDictionary[Any, ReferenceType[Any]] = (
            WeakKeyDictionary()
        )

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("redis.client", self._hook_client)
        sink.when_imported("redis.asyncio.client", self._hook_client)
        sink.when_imported("redis.connection", self._hook_pools)
        sink.when_imported("redis.asyncio.connection", self._hook_pools)
        sink.when_imported("redis.cluster", self._hook_cluster)
        sink.when_imported("redis.asyncio.cluster", self._hook_cluster)

    def _hook_client(self, module: ModuleType) -> None:
        self._clients.append(module.Redis)
        # The asyncio close() calls aclose().
        self.sink.owner_type(module.Redis, closers=_closers(module.Redis))
        self.sink.call_after(module.Redis, "__init__", self._has_client)
        self.sink.call_before(module.Redis, "_send_command_parse_response", self._sends)
        for name in ("_execute_transaction", "_execute_pipeline"):
            self.sink.call_before(module.Pipeline, name, self._sends)

    def _hook_pools(self, module: ModuleType) -> None:
        for cls in (module.ConnectionPool, module.BlockingConnectionPool):
            self._pools.append(cls)
            self.sink.owner_type(cls, closers=("disconnect", *_closers(cls)))
            self.sink.call_after(cls, "make_connection", self._has_connection)
        self.sink.call_after(module.Connection, "_connect", self._connected)

    def _hook_cluster(self, module: ModuleType) -> None:
        self._clusters.append(module.RedisCluster)
        self.sink.owner_type(module.RedisCluster, closers=_closers(module.RedisCluster))

    def _has_client(self, _: object, client: Any, *__: object, **___: object) -> None:
        # Whether it closes its pool is decided later; then it is the only one.
        self._client_of[client.connection_pool] = ref(client)

    def _has_connection(self, connection: Any, pool: Any) -> None:
        self._pool_of[connection] = ref(pool)

    def _connected(self, sock: Any, connection: Any) -> None:
        # The asyncio one returns nothing; and uvloop makes its sockets in C.
        fd = _descriptor(connection) if sock is None else sock.fileno()
        if fd is not None:
            owner = self._owner_of(connection)
            self.sink.opened(fd, owner=owner, subject=connection, host=connection.host)

    def _owner_of(self, connection: Any) -> object:
        """Return the client that closes a connection's pool, or else the pool.

        None where no client is known, as within the client's own making: then the
        stack tells.
        """
        found = self._pool_of.get(connection)
        pool = None if found is None else found()
        if pool is None:
            return None
        found = self._client_of.get(pool)
        client = None if found is None else found()
        if client is None:
            return None
        is_its_own = getattr(client, "auto_close_connection_pool", False)
        return client if is_its_own else pool

    def _sends(self, _: object, connection: Any, *__: object, **___: object) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            self.sink.used(fd, subject=connection)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections of every pool, with the client that would close it."""
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for pool, owner in self._owned_pools():
            record = self.sink.owner_of(owner)
            for connection, is_lent in _connections(pool):
                fd = _descriptor(connection)
                if fd in inodes:
                    yield Sighting(
                        inode=inodes[fd], owner=record, is_checked_out=is_lent
                    )

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call it, and how one closes it."""
        cls = type(owner)
        is_pool = isinstance(owner, tuple(self._pools))
        closers = _closers(cls) or ("disconnect",)
        return OwnerState(
            is_closed=None,
            noun="pool" if is_pool else "client",
            closing=f"{closers[0]}()",
            has_block=hasattr(cls, "__enter__") or hasattr(cls, "__aenter__"),
        )

    def _owned_pools(self) -> Iterable[tuple[Any, object]]:
        """Return each live pool with what the user would close to close it."""
        found: dict[int, tuple[Any, object]] = {}
        for cls in self._pools:
            for pool in self.sink.owners(cls):
                found[id(pool)] = pool, pool
        for client in self._live(self._clients):
            # A pipeline is a client by its class, and has its client's pool.
            pool = getattr(client, "connection_pool", None)
            if pool is not None:
                is_its_own = getattr(client, "auto_close_connection_pool", False)
                owner = client if is_its_own else pool
                if is_its_own or id(pool) not in found:
                    found[id(pool)] = pool, owner
        for cluster in self._live(self._clusters):
            nodes = getattr(getattr(cluster, "nodes_manager", None), "nodes_cache", {})
            for node in list(nodes.values()):
                client = getattr(node, "redis_connection", None)
                pool = getattr(client, "connection_pool", None)
                if pool is not None:
                    found[id(pool)] = pool, cluster
        return found.values()

    def _live(self, classes: list[type]) -> Iterator[Any]:
        for cls in classes:
            yield from self.sink.owners(cls)


def _closers(cls: type) -> tuple[str, ...]:
    """Return the methods that close a client or pool, the preferred one first."""
    return tuple(name for name in ("aclose", "close") if hasattr(cls, name))


def _descriptor(connection: Any) -> int | None:
    """Return a connection's descriptor; None while it is not connected."""
    connection = getattr(connection, "_conn", connection)  # within a client-side cache
    sock = getattr(connection, "_sock", None)
    writer = getattr(connection, "_writer", None)
    if writer is not None:
        sock = writer.get_extra_info("socket")
    fd = -1 if sock is None else sock.fileno()
    return fd if fd >= 0 else None


def _connections(pool: Any) -> Iterator[tuple[Any, bool]]:
    """Return each connection of a pool, and whether it is lent."""
    if hasattr(pool, "_in_use_connections"):
        for one in list(pool._in_use_connections):
            yield one, True
    if hasattr(pool, "_available_connections"):
        for one in list(pool._available_connections):
            yield one, False
    queue = getattr(pool, "pool", None)
    if queue is not None and hasattr(pool, "_connections"):
        idle = {id(one) for one in list(queue.queue) if one is not None}
        for one in list(pool._connections):
            yield one, id(one) not in idle
