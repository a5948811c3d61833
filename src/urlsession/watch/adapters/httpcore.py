"""httpcore and httpcore2: the pools, which are httpx's and httpx2's as well.

Decides what each connection of a pool is doing, from the pool itself when a report is
made: no hook on a request. The pool is the owner when it is used by itself; in a
client it is a part. What does not work: reading owner and line when an asynchronous
connection's socket connects, since a task of anyio's or the loop's C code does that;
they are read when the backend's coroutine returns, with the awaiting chain on the
stack. Never calls a method of a connection that asks the socket.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from ..heap.frames import read_frame_locals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("HttpcoreAdapter", "pooled_inodes")

_READERS = frozenset({"_receive_event", "_read_incoming_data"})
_MAX_WRAPPING = 8  # connections in connections (proxies), streams in streams (TLS)


class HttpcoreAdapter(LibraryAdapter):
    """Knows the pools of httpcore or of httpcore2, which has the same inside.

    Args:
        name: Name of the package.
    """

    def __init__(self, name: str = "httpcore") -> None:
        self.name = name
        self.modules = (name,)
        self.internals = (name, "h11", "h2", "anyio")
        self._pools: tuple[type, ...] = ()

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported(self.name, self._hook)
        backends = f"{self.name}._backends"
        sink.when_imported(f"{backends}.anyio", self._hook_anyio)
        sink.when_imported(f"{backends}.trio", self._hook_trio)

    def _hook(self, module: ModuleType) -> None:
        pool, async_pool = module.ConnectionPool, module.AsyncConnectionPool
        self._pools = (pool, async_pool)
        self.sink.owner_type(pool, is_part=True)
        self.sink.owner_type(async_pool, closers=("aclose",), is_part=True)

    def _hook_anyio(self, module: ModuleType) -> None:
        self.sink.call_after(module.AnyIOBackend, "connect_tcp", self._connected)

    def _hook_trio(self, module: ModuleType) -> None:
        self.sink.call_after(module.TrioBackend, "connect_tcp", self._connected)

    def _connected(
        self, stream: Any, _: object, host: str, *__: object, **___: object
    ) -> None:
        fd = _descriptor(stream)
        if fd is not None:
            self.sink.opened(fd, subject=_transport(stream), host=host)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections of every pool that is alive."""
        for cls in self._pools:
            for pool in self.sink.owners(cls):
                for inode, connection in _connected(pool, kernel):
                    yield _sight(inode, connection)

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call a pool, and how one closes it."""
        closing = "aclose()" if hasattr(owner, "aclose") else "close()"
        return OwnerState(
            is_closed=None, noun="pool", closing=closing, closes_at_once=True
        )


def pooled_inodes(pool: Any, kernel: KernelSnapshot) -> Iterator[int]:
    """Yield the inodes of a pool's connections, those that have a socket.

    Args:
        pool: A pool of httpcore or httpcore2, of either kind.
        kernel: The process's sockets.
    """
    for inode, _ in _connected(pool, kernel):
        yield inode


def _connected(pool: Any, kernel: KernelSnapshot) -> Iterator[tuple[int, Any]]:
    inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
    for outer in list(pool._connections):
        connection = _innermost(outer)
        fd = _descriptor(getattr(connection, "_network_stream", None))
        if fd in inodes:
            yield inodes[fd], connection


def _sight(inode: int, connection: Any) -> Sighting:
    is_h2 = hasattr(connection, "_events")
    is_active = connection._state.name == "ACTIVE"
    has_response = _has_h2_response if is_h2 else _has_h11_response
    is_unread = is_active and has_response(connection) and not _is_read(connection)
    return Sighting(
        inode=inode,
        protocol="h2" if is_h2 else "http/1.1",
        is_checked_out=is_active,
        has_unread_body=is_unread,
        requests=connection._request_count,
    )


def _innermost(connection: Any) -> Any:
    """Return the connection that speaks, of one around it that chooses or tunnels."""
    for _ in range(_MAX_WRAPPING):
        inner = getattr(connection, "_connection", None)
        if inner is None:
            break
        connection = inner
    return connection


def _has_h11_response(connection: Any) -> bool:
    """Whether the head of a response has come and its end has not been read."""
    state = connection._h11_state.their_state
    return str(state) in {"SEND_BODY", "MUST_CLOSE", "DONE"}


def _has_h2_response(connection: Any) -> bool:
    streams = connection._h2_state.streams
    return any(
        stream in streams and streams[stream].state_machine.headers_received
        for stream in list(connection._events)
    )


def _is_read(connection: Any) -> bool:
    """Whether a thread or a task waits for data now: a stream with long pauses."""
    stream = _innermost_stream(connection._network_stream)
    guard = getattr(stream, "_receive_guard", None)
    if getattr(guard, "_guarded", False):
        return True
    tops = sys._current_frames()
    try:
        return any(_reads(top, connection) for top in tops.values())
    finally:
        tops.clear()


def _reads(frame: FrameType | None, connection: object) -> bool:
    while frame is not None:
        is_reader = frame.f_code.co_name in _READERS
        if is_reader and read_frame_locals(frame).get("self") is connection:
            return True
        frame = frame.f_back
    return False


def _innermost_stream(stream: Any) -> Any:
    """Return the stream of anyio's that has the socket, without TLS around it."""
    for _ in range(_MAX_WRAPPING):
        inner = getattr(stream, "_stream", None) or getattr(
            stream, "transport_stream", None
        )
        if inner is None:
            break
        stream = inner
    return stream


def _transport(stream: Any) -> object:
    """Return what keeps the socket when the stream is gone: the loop's transport."""
    return getattr(_innermost_stream(stream), "_transport", None)


def _descriptor(stream: Any) -> int | None:
    sock = None if stream is None else stream.get_extra_info("socket")
    fd = -1 if sock is None else sock.fileno()
    return fd if fd >= 0 else None
