"""asyncio by itself, and uvloop: the stream writer, or the transport.

A transport that a library asked for belongs to that library's owner, whose method is
on the stack while `create_connection` is awaited; only one that the program asked for
is its own owner. For a stream that is the writer, which is what one closes. uvloop's
loop is hooked as well as asyncio's own: its sockets are made in C. A transport is in
use as long as it is open, since its protocol is called with whatever comes; a stream
is while somebody waits for its reader. What does not work: hooking `open_connection`,
which programs import by name before the watch begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("AsyncioStreamsAdapter", "descriptor_of")


class AsyncioStreamsAdapter(LibraryAdapter):
    """Knows client transports of asyncio and uvloop, and the writers around them."""

    name = "asyncio"
    modules = ("asyncio",)
    internals = ("asyncio", "uvloop")

    def __init__(self) -> None:
        self._protocol: type | None = None
        self._writer: type | None = None

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("asyncio.base_events", self._hook_loop)
        sink.when_imported("asyncio.streams", self._hook_streams)
        sink.when_imported("uvloop", self._hook_uvloop)

    def _hook_loop(self, module: ModuleType) -> None:
        self.sink.call_after(
            module.BaseEventLoop, "create_connection", self._has_connected
        )

    def _hook_uvloop(self, module: ModuleType) -> None:
        self.sink.call_after(module.Loop, "create_connection", self._has_connected)

    def _hook_streams(self, module: ModuleType) -> None:
        self._protocol = module.StreamReaderProtocol
        self._writer = module.StreamWriter
        self.sink.owner_type(module.StreamWriter)
        self.sink.call_after(module.StreamWriter, "__init__", self._has_writer)

    def _has_connected(
        self, made: tuple[Any, Any], _: object, *arguments: object, **named: object
    ) -> None:
        transport, protocol = made
        fd = descriptor_of(transport)
        if fd is None:
            return
        host = arguments[1] if len(arguments) > 1 else named.get("host")
        has_writer = self._protocol is not None and isinstance(protocol, self._protocol)
        self.sink.opened(
            fd,
            # uvloop's TLS transport takes no weak reference.
            subject=transport if type(transport).__weakrefoffset__ else protocol,
            host=host if isinstance(host, str) else None,
            otherwise=transport,
            is_on_stack=not has_writer,  # or its writer's turn comes at once
        )

    def _has_writer(
        self, _: object, writer: object, transport: Any, protocol: Any, *__: object
    ) -> None:
        if getattr(protocol, "_client_connected_cb", None) is not None:
            return  # a server's
        fd = descriptor_of(transport)
        if fd is not None:
            self.sink.opened(fd, otherwise=writer)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:  # noqa: ARG002 - from the book
        """Return which of the program's own transports are in use."""
        for inode, transport in self.sink.subjects(object):
            get_protocol = getattr(transport, "get_protocol", None)
            if get_protocol is not None and self.sink.opener(inode) is None:
                yield Sighting(
                    inode=inode, is_checked_out=self._is_in_use(get_protocol())
                )

    def _is_in_use(self, protocol: Any) -> bool:
        if self._protocol is None or not isinstance(protocol, self._protocol):
            return True
        reader = protocol._stream_reader  # type: ignore[attr-defined]  # asked for by its class
        return getattr(reader, "_waiter", None) is not None

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a writer or a transport was closed."""
        is_writer = self._writer is not None and isinstance(owner, self._writer)
        transport = owner.transport if is_writer else owner  # type: ignore[attr-defined]  # asked for by its class
        return OwnerState(
            is_closed=_is_closed(transport),
            noun="writer" if is_writer else "transport",
            has_block=False,
        )


def descriptor_of(transport: Any) -> int | None:
    """Return a transport's descriptor; None for one that has none, or is closed."""
    sock = transport.get_extra_info("socket")
    fd = -1 if sock is None else sock.fileno()
    return fd if fd >= 0 else None


def _is_closed(transport: Any) -> bool:
    """Whether a transport was closed, itself or by TLS that was put on top of it."""
    if transport.is_closing():
        return True
    over = getattr(transport.get_protocol(), "_app_transport", None)
    return over is not None and over is not transport and bool(over.is_closing())
