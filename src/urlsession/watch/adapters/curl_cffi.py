"""curl_cffi: its sessions, and the bare handle.

The sockets are libcurl's, which Python never sees: a handle is asked for its socket
when a load has ended. A sync session loads on the caller's stack; an async one in a
callback of the loop, where the handle must be asked before it leaves the pool, and
the line is read once the awaiting method returns. A streamed reply of a sync session
is loaded by a thread of the library's own: its session is remembered by the handle.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..adapter import LibraryAdapter, OwnerState
from .descriptors import Descriptors
from .targets import is_at

if TYPE_CHECKING:
    from types import ModuleType

    from ..adapter import Sink

__all__ = ("CurlCffiAdapter",)

_ACTIVE_SOCKET = 0x500000 + 44  # CURLINFO_ACTIVESOCKET (curl/curl.h)
_PORTS = {"http": 80, "https": 443}

_SESSION = OwnerState(is_closed=None, noun="session", closes_at_once=True)
_HANDLE = OwnerState(is_closed=None, noun="handle", has_block=False)


class CurlCffiAdapter(LibraryAdapter):
    """Knows curl_cffi's sessions and handles."""

    name = "curl_cffi"
    modules = ("curl_cffi",)
    internals = ("curl_cffi",)
    native_modules = ("curl_cffi",)

    def __init__(self) -> None:
        self._handle: type | None = None
        # By the handle: the session that streams with it, and the socket it had.
        self._sessions: weakref.WeakKeyDictionary[object, weakref.ref[object]] = (
            weakref.WeakKeyDictionary()
        )
        self._sockets: weakref.WeakKeyDictionary[object, int] = (
            weakref.WeakKeyDictionary()
        )

    def hook(self, sink: Sink) -> None:
        """Wait for the modules."""
        self._descriptors = Descriptors(sink)
        sink.when_imported("curl_cffi.curl", self._hook_handle)
        sink.when_imported("curl_cffi.aio", self._hook_loop)
        sink.when_imported("curl_cffi.requests.session", self._hook_sessions)

    def _hook_handle(self, module: ModuleType) -> None:
        self._handle = module.Curl
        self.sink.owner_type(module.Curl, is_part=True, words=_HANDLE)
        self.sink.call_after(module.Curl, "perform", self._performed)
        self.sink.call_before(module.Curl, "close", self._closes)

    def _hook_loop(self, module: ModuleType) -> None:
        self.sink.call_before(module.AsyncCurl, "set_result", self._completes)
        self.sink.call_before(module.AsyncCurl, "close", self._closes)

    def _hook_sessions(self, module: ModuleType) -> None:
        for cls in (module.Session, module.AsyncSession):
            self.sink.owner_type(cls, words=_SESSION)
        self.sink.call_after(module.Session, "_request_once", self._replied)
        self.sink.call_after(module.AsyncSession, "_request_once", self._async_replied)

    def _performed(self, _: object, handle: Any, *__: object, **___: object) -> None:
        fd = _socket_of(handle)
        if fd is None:
            return
        self._sockets[handle] = fd
        known = self._sessions.pop(handle, None)
        session = None if known is None else known()
        # A session has a handle for each thread, and closes the calling one's alone.
        self.sink.opened(fd, owner=session, subject=handle)
        self.sink.used(fd, subject=handle)
        self._descriptors.add(handle, fd)

    def _closes(self, handle: object) -> None:
        self._descriptors.closing(handle)

    def _replied(self, reply: Any, session: object, *_: object, **__: object) -> None:
        handle = reply.curl
        if handle is None:
            return
        if reply.stream_task is None:
            self._sockets.pop(handle, None)
            return
        # The thread that streams it may have come to the end, or else will ask for this.
        self._sessions[handle] = weakref.ref(session)
        fd = self._sockets.pop(handle, None)
        if fd is None:
            fd = self._socket_to(str(reply.url))
        if fd is not None:
            self.sink.opened(fd, owner=session)

    def _socket_to(self, url: str) -> int | None:
        """Return the socket to a peer without asking a handle that performs elsewhere."""
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
        found = [
            fd
            for fd, remote in self.sink.strangers().values()
            if is_at(remote, parts.hostname or "", port or 0)
        ]
        return found[0] if len(found) == 1 else None

    def _completes(self, loop: object, handle: Any) -> None:
        fd = _socket_of(handle)
        if fd is not None:
            self._sockets[handle] = fd
            self.sink.opened(fd, is_on_stack=False)
            self._descriptors.add(loop, fd)

    def _async_replied(
        self, reply: Any, session: Any, *_: object, **__: object
    ) -> None:
        handle = reply.curl
        fd = self._sockets.pop(handle, None)
        if fd is None and reply.astream_task is not None:
            fd = _socket_of(handle)  # its body is still on the way
        if fd is None:
            return
        self.sink.opened(fd, owner=session)
        self.sink.used(fd)
        if session._acurl is not None:
            self._descriptors.add(session._acurl, fd)

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a session or a handle was closed."""
        if self._handle is not None and isinstance(owner, self._handle):
            return OwnerState(
                is_closed=getattr(owner, "_curl", None) is None,
                noun="handle",
                has_block=False,
            )
        return OwnerState(
            is_closed=bool(getattr(owner, "_closed", False)),
            noun="session",
            closes_at_once=getattr(owner, "_owns_acurl", True),
        )


def _socket_of(handle: Any) -> int | None:
    """Return the socket of a handle's last load, if it is still open."""
    if handle._curl is None:
        return None
    fd = handle.getinfo(_ACTIVE_SOCKET)
    return fd if isinstance(fd, int) and fd >= 0 else None
