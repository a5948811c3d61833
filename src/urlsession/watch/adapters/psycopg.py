"""psycopg 3 and psycopg_pool: the connection, or the pool that made it.

libpq opens the socket in C, so nobody hears it connect: the connection is told of when
`connect` returns. A pool connects in threads or tasks of its own, where no line of the
user's is on the stack; the pool's line says where it comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("PsycopgAdapter",)


class PsycopgAdapter(LibraryAdapter):
    """Knows psycopg's connections and pools, blocking and asyncio."""

    name = "psycopg"
    modules = ("psycopg", "psycopg_pool")
    internals = ("psycopg", "psycopg_binary", "psycopg_pool")

    def __init__(self) -> None:
        self._connections: list[type] = []

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        for ending in ("", "_async"):
            sink.when_imported(f"psycopg.connection{ending}", self._hook_connection)
            sink.when_imported(f"psycopg.cursor{ending}", self._hook_cursor)
            sink.when_imported(f"psycopg_pool.pool{ending}", self._hook_pool)

    def _hook_connection(self, module: ModuleType) -> None:
        cls = _named(module, "Connection")
        self._connections.append(cls)
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "connect", self._connected)
        self.sink.call_before(cls, "close", self._closes)

    def _hook_cursor(self, module: ModuleType) -> None:
        cls = _named(module, "Cursor")
        for name in ("execute", "executemany"):
            self.sink.call_before(cls, name, self._executes)

    def _hook_pool(self, module: ModuleType) -> None:
        cls = _named(module, "ConnectionPool")
        self.sink.owner_type(cls)
        self.sink.call_after(cls, "_connect", self._pool_connected)

    def _connected(self, connection: Any, *_: object, **__: object) -> None:
        self.sink.opened(
            connection.pgconn.socket, owner=connection, host=connection.info.host
        )

    def _pool_connected(
        self, connection: Any, pool: object, *_: object, **__: object
    ) -> None:
        self.sink.opened(connection.pgconn.socket, owner=pool, subject=connection)

    def _closes(self, connection: Any) -> None:
        if not connection.closed and getattr(connection, "_pool", None) is None:
            self.sink.closing(connection.pgconn.socket)

    def _executes(self, cursor: Any, *_: object, **__: object) -> None:
        connection = cursor.connection
        if not connection.closed:
            self.sink.used(connection.pgconn.socket, subject=connection)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections that a pool has lent."""
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for cls in self._connections:
            for connection in self.sink.owners(cls):
                # A pool's mark on what it has lent; it takes it off on return.
                pool = getattr(connection, "_pool", None)
                if pool is None or connection.closed:  # type: ignore[attr-defined]  # asked for by its class
                    continue
                inode = inodes.get(connection.pgconn.socket)  # type: ignore[attr-defined]  # asked for by its class
                if inode is not None:
                    # A pool that is closed does not reach what is still lent.
                    owner = connection if pool.closed else pool
                    yield Sighting(
                        inode=inode,
                        owner=self.sink.owner_of(owner),
                        is_checked_out=True,
                    )

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a connection or a pool was closed."""
        is_connection = isinstance(owner, tuple(self._connections))
        return OwnerState(
            is_closed=bool(getattr(owner, "closed", False)),
            noun="connection" if is_connection else "pool",
        )


def _named(module: ModuleType, name: str) -> type:
    """Return a module's class; that of an asyncio module has another prefix."""
    prefix = "Async" if module.__name__.endswith("_async") else ""
    cls: type = getattr(module, prefix + name)
    return cls
