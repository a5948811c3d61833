"""aiohttp: the session, or a connector that several sessions share.

A connection is made in tasks of aiohttp's own when a host has several addresses, so
its line and its owner are read once the session that waits for it goes on. A response
that is dropped before its end stays where nobody looks: in the set of the connections
that the connector has given out, held by its own end-of-body callback. That set is
asked, not the responses.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ...connections import object_identity
from ..adapter import LibraryAdapter, OwnerState, Sighting
from .asyncio_streams import descriptor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("AiohttpAdapter",)


class AiohttpAdapter(LibraryAdapter):
    """Knows aiohttp's sessions and connectors, and its unread responses."""

    name = "aiohttp"
    modules = ("aiohttp",)
    internals = ("aiohttp", "aiohappyeyeballs")

    def __init__(self) -> None:
        self._connector: type | None = None
        # Descriptors by the identity of their protocols, which are many times asked for.
        self._descriptors: dict[int, tuple[weakref.ref[object], int]] = {}
        # Connectors that outlive their sessions, as the program said.
        self._shared: weakref.WeakSet[object] = weakref.WeakSet()

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        sink.when_imported("aiohttp.client", self._hook_client)
        sink.when_imported("aiohttp.connector", self._hook_connector)

    def _hook_client(self, module: ModuleType) -> None:
        session = module.ClientSession
        self.sink.owner_type(session)
        self.sink.call_after(session, "__init__", self._has_session)

    def _hook_connector(self, module: ModuleType) -> None:
        self._connector = module.BaseConnector
        self.sink.owner_type(module.BaseConnector, is_part=True)
        tcp, connection = module.TCPConnector, module.Connection
        self.sink.call_after(tcp, "_wrap_create_connection", self._has_connected)
        self.sink.call_before(connection, "__init__", self._gives_out)

    def _has_session(self, _: object, session: Any, *__: object, **___: object) -> None:
        if not session._connector_owner:
            self._shared.add(session._connector)

    def _has_connected(
        self, made: tuple[Any, Any], connector: object, *_: object, **named: Any
    ) -> None:
        transport, protocol = made
        fd = descriptor_of(transport)
        if fd is not None:
            self._remember(protocol, fd)
            self.sink.opened(
                fd,
                owner=connector if connector in self._shared else None,
                subject=protocol,
                host=named["req"].url.raw_host,
            )

    def _gives_out(
        self, _: object, __: object, ___: object, protocol: Any, ____: object
    ) -> None:
        # Once a request: what is asked here is what a request costs.
        known = self._descriptors.get(object_identity(protocol))
        if known is not None and known[0]() is protocol:
            self.sink.used(known[1], subject=protocol)
            return
        fd = descriptor_of(protocol.transport)
        if fd is not None:
            self._remember(protocol, fd)
            self.sink.used(fd, subject=protocol)

    def _remember(self, protocol: object, fd: int) -> None:
        key, descriptors = object_identity(protocol), self._descriptors

        def forget(_: object) -> None:
            descriptors.pop(key, None)

        descriptors[key] = weakref.ref(protocol, forget), fd

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections given out, and which of them wait to be read."""
        if self._connector is None:
            return
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for connector in self.sink.owners(self._connector):
            for protocol in list(connector._acquired):  # type: ignore[attr-defined]  # asked for by its class
                transport = protocol.transport  # a placeholder's is None
                fd = None if transport is None else descriptor_of(transport)
                if fd in inodes:
                    yield _sight(protocol, inodes[fd])

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a session or a connector was closed."""
        is_connector = self._connector is not None and isinstance(
            owner, self._connector
        )
        return OwnerState(
            is_closed=bool(owner.closed),  # type: ignore[attr-defined]  # asked for by its class
            noun="connector" if is_connector else "session",
        )


def _sight(protocol: Any, inode: int) -> Sighting:
    """Return what a connection that is given out is waiting for."""
    payload: Any = getattr(protocol, "_payload", None)
    callbacks = getattr(payload, "_eof_callbacks", None)
    # No reply yet, or a websocket, which has no end to be read to; or somebody waits
    # for more of it, however long it takes to come.
    if callbacks is None or payload.is_eof() or payload._waiter is not None:
        return Sighting(inode=inode, is_checked_out=True, has_unread_body=False)
    response = next((one for one in map(_response_of, callbacks) if one), None)
    kept = protocol if response is None else response
    return Sighting(
        inode=inode,
        is_checked_out=True,
        has_unread_body=True,
        subject=weakref.ref(kept),
    )


def _response_of(callback: object) -> object:
    """Return the response that waits for the end of its body by a callback."""
    one = getattr(callback, "__self__", None)
    return one if hasattr(one, "request_info") else None
