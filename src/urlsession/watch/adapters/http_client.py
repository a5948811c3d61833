"""`http.client`, and with it every library that derives from it.

urllib, requests, urllib3, botocore and many more use its connections and responses:
loads are counted here for all of them, and a response that nobody reads is seen here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from ..capture.kernel import TcpState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("HTTPClientAdapter",)

_SHUT_DOWN = frozenset(
    {
        TcpState.FIN_WAIT1,
        TcpState.FIN_WAIT2,
        TcpState.CLOSING,
        TcpState.LAST_ACK,
        TcpState.CLOSED,
    }
)


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
        # A reply that outlives its connection is what one would close: `urlopen`'s.
        self.sink.owner_type(module.HTTPResponse, is_part=True)
        self.sink.call_after(module.HTTPConnection, "getresponse", self._got_response)

    def _got_response(self, response: Any, connection: Any) -> None:
        sock = connection.sock
        if sock is None:
            # The peer will close after this reply: the response has the socket now.
            sock = getattr(getattr(response.fp, "raw", None), "_sock", None)
        elif type(connection) not in self._plain or not _is_asked_by_urlopen():
            self.sink.used(sock.fileno(), subject=response)
            return
        if sock is not None:
            self.sink.used(sock.fileno(), subject=response, owner=response)

    @property
    def _plain(self) -> tuple[type, ...]:
        """The connections of the standard library itself, which `urlopen` makes."""
        module: Any = self._module
        return module.HTTPConnection, getattr(module, "HTTPSConnection", type(None))

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections whose response still waits to be read."""
        if self._module is None:
            return
        for inode, response in self.sink.subjects(self._module.HTTPResponse):
            seen = kernel.sockets.get(inode)
            # One that was shut down is done with, whoever keeps its reply.
            is_over = seen is not None and seen.state in _SHUT_DOWN
            is_unread = not response.isclosed() and not is_over  # type: ignore[attr-defined]  # asked for by its class
            yield Sighting(
                inode=inode, is_checked_out=is_unread, has_unread_body=is_unread
            )

    def owner_state(self, owner: object) -> OwnerState:
        """Return what to call a connection, or a response that stands for one."""
        if self._module is not None and isinstance(owner, self._module.HTTPResponse):
            return OwnerState(is_closed=None, noun="response")
        return OwnerState(is_closed=None, noun="connection", has_block=False)


def _is_asked_by_urlopen() -> bool:
    """Whether `urlopen` asked for the reply, which then is all that the user has."""
    # Above this one: the hook, the wrapped function, and its caller.
    return sys._getframe(3).f_code.co_name == "do_open"
