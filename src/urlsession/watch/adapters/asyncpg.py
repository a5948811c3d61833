"""asyncpg: the connection, or the pool that made it.

The sockets are asyncio's or uvloop's; uvloop makes them in C, so each connection is
told of when it is made. What does not work: a weak reference to a pool, which takes
none; it is known through one of its holders, which live as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("AsyncpgAdapter",)

_CLOSERS = ("close", "terminate")


class AsyncpgAdapter(LibraryAdapter):
    """Knows asyncpg's connections and pools."""

    name = "asyncpg"
    modules = ("asyncpg",)
    internals = ("asyncpg",)

    def __init__(self) -> None:
        self._pool: type | None = None

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("asyncpg.connection", self._hook_connection)
        sink.when_imported("asyncpg.pool", self._hook_pool)

    def _hook_connection(self, module: ModuleType) -> None:
        cls = module.Connection
        self.sink.owner_type(cls, closers=_CLOSERS)
        self.sink.call_after(cls, "__init__", self._connected)
        self.sink.call_before(cls, "execute", self._executes)
        self.sink.call_before(cls, "_execute", self._uses)

    def _hook_pool(self, module: ModuleType) -> None:
        self._pool = module.Pool
        self.sink.owner_type(module.Pool, closers=_CLOSERS)
        self.sink.call_after(module.PoolConnectionHolder, "__init__", self._has_holder)
        self.sink.call_after(module.Pool, "_get_new_connection", self._pool_connected)

    def _connected(
        self, _: object, connection: Any, *__: object, **___: object
    ) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            host = connection._addr[0] if isinstance(connection._addr, tuple) else None
            self.sink.opened(fd, owner=connection, host=host)

    def _has_holder(self, _: object, holder: Any, pool: object, **__: object) -> None:
        self.sink.made(pool, part=holder, name="_pool")

    def _pool_connected(self, connection: Any, pool: object) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            self.sink.opened(fd, owner=pool, subject=connection)

    def _executes(
        self, connection: Any, _: object, *values: object, **__: object
    ) -> None:
        # With values it goes on to _execute.
        if not values:
            self._uses(connection)

    def _uses(self, connection: Any, *_: object, **__: object) -> None:
        fd = _descriptor(connection)
        if fd is not None:
            self.sink.used(fd, subject=connection)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections of every pool, and whether they are lent."""
        if self._pool is None:
            return
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for pool in self.sink.owners(self._pool):
            record = self.sink.owner_of(pool)
            for holder in list(pool._holders):  # type: ignore[attr-defined]  # asked for by its class
                connection = holder._con
                fd = None if connection is None else _descriptor(connection)
                if fd in inodes:
                    yield Sighting(
                        inode=inodes[fd],
                        owner=record,
                        is_checked_out=holder._in_use is not None,
                    )

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a connection or a pool was closed."""
        is_pool = self._pool is not None and isinstance(owner, self._pool)
        is_closed: Any = getattr(owner, "is_closing" if is_pool else "is_closed", None)
        return OwnerState(
            is_closed=None if is_closed is None else bool(is_closed()),
            noun="pool" if is_pool else "connection",
            has_block=is_pool,
        )


def _descriptor(connection: Any) -> int | None:
    """Return a connection's descriptor; None for one that is closed."""
    transport = connection._transport
    sock = None if transport is None else transport.get_extra_info("socket")
    fd = -1 if sock is None else sock.fileno()
    return fd if fd >= 0 else None
