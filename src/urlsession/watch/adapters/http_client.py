"""`http.client`, and with it every library that derives from it.

urllib, requests, urllib3, botocore and many more use its connections and responses:
loads are counted here for all of them, and a response that nobody reads is seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..kernel import KernelSnapshot

__all__ = ("HTTPClientAdapter",)


class HTTPClientAdapter(LibraryAdapter):
    """Counts loads on `http.client.HTTPConnection` and sees its unread responses."""

    name = "http.client"
    modules = ("http.client",)
    internals = ("http.client",)

    def __init__(self) -> None:
        self._module: ModuleType | None = None

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        sink.when_imported("http.client", self._hook)

    def _hook(self, module: ModuleType) -> None:
        self._module = module
        self.sink.owner_type(module.HTTPConnection, is_part=True)
        self.sink.call_after(module.HTTPConnection, "getresponse", self._got_response)

    def _got_response(self, response: Any, connection: Any) -> None:
        sock = connection.sock
        if sock is not None:
            self.sink.used(sock.fileno(), subject=response)
            return
        # The server will close after this reply, so the response has the socket now.
        reader = getattr(response.fp, "raw", None)
        sock = getattr(reader, "_sock", None)
        if sock is not None:
            self.sink.used(sock.fileno(), subject=response)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:  # noqa: ARG002 - from the book
        """Return the connections whose response still waits to be read."""
        if self._module is None:
            return
        for inode, response in self.sink.subjects(self._module.HTTPResponse):
            is_unread = not response.isclosed()  # type: ignore[attr-defined]  # asked for by its class
            yield Sighting(
                inode=inode, is_checked_out=is_unread, has_unread_body=is_unread
            )

    def owner_state(self, owner: object) -> OwnerState:  # noqa: ARG002 - all are alike
        """Return what to call a connection."""
        return OwnerState(is_closed=None, noun="connection", has_block=False)
