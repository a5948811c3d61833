"""psycopg2: the connection, or the pool that made it.

libpq opens and closes the socket in C, and the connection is made in C too: it is told
of when `connect` returns, and that it was closed shows on the object, or by the
descriptor that is gone. What does not work: to see its queries, which take no hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("Psycopg2Adapter",)


class Psycopg2Adapter(LibraryAdapter):
    """Knows psycopg2's connections and pools."""

    name = "psycopg2"
    modules = ("psycopg2",)
    internals = ("psycopg2",)
    native_modules = ("psycopg2",)

    def __init__(self) -> None:
        self._connection: type | None = None
        self._pool: type | None = None

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("psycopg2", self._hook_connection)
        sink.when_imported("psycopg2.pool", self._hook_pool)

    def _hook_connection(self, module: ModuleType) -> None:
        self._connection = module.extensions.connection
        self.sink.owner_type(self._connection, closers=())
        self.sink.call_after(module, "connect", self._connected)

    def _hook_pool(self, module: ModuleType) -> None:
        self._pool = module.AbstractConnectionPool
        self.sink.owner_type(self._pool, closers=())

    def _connected(self, connection: Any, *_: object, **__: object) -> None:
        known: Any = self._connection
        if known is None or not isinstance(connection, known):
            return  # made by a factory of the program's
        self.sink.made(connection)
        self.sink.opened(connection.fileno(), otherwise=connection, subject=connection)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections that a pool has lent."""
        if self._pool is None:
            return
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        pools: list[Any] = self.sink.owners(self._pool)
        for pool in pools:
            for connection in list(pool._used.values()):
                if not connection.closed and connection.fileno() in inodes:
                    yield Sighting(
                        inode=inodes[connection.fileno()],
                        owner=self.sink.owner_of(pool),
                        is_checked_out=True,
                    )

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a connection or a pool was closed."""
        is_pool = self._pool is not None and isinstance(owner, self._pool)
        return OwnerState(
            is_closed=bool(getattr(owner, "closed", False)),
            noun="pool" if is_pool else "connection",
            closing="closeall()" if is_pool else "close()",
            has_block=False,  # psycopg2's ends a transaction, and closes nothing
        )
