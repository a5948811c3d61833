"""pycurl: its easy and multi handles.

Both are made in C and take no hooks, so the names in the module are bound to
subclasses while the observer runs: what a program makes is an instance of the
original all the same, and is asked for its socket after a load. Our own client gets
the original, since it keeps a ledger. A class that the program took from the module
before is left alone; its handles' sockets are found in the kernel's list. What does
not work: to ask a handle while it performs, which raises.
"""

from __future__ import annotations

import abc
import sys
import weakref
from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .descriptors import Descriptors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("PycurlAdapter",)

_ACTIVE_SOCKET = 0x500000 + 44  # CURLINFO_ACTIVESOCKET (curl/curl.h)
_PERFORMERS = ("perform", "perform_rb", "perform_rs")
_CLOSERS = ("close", "__exit__")
_OURS = __name__.partition(".")[0]


class PycurlAdapter(LibraryAdapter):
    """Knows pycurl's handles."""

    name = "pycurl"
    modules = ("pycurl",)
    internals = ("pycurl",)

    def __init__(self) -> None:
        self._is_observing = False
        self._is_used = False  # by others than our own client
        # The easy handles of each multi handle.
        self._added: weakref.WeakKeyDictionary[object, weakref.WeakSet[Any]] = (
            weakref.WeakKeyDictionary()
        )
        # The one of asyncio around a multi handle, and the socket of each of its loads.
        self._outer: weakref.WeakKeyDictionary[object, weakref.ref[object]] = (
            weakref.WeakKeyDictionary()
        )
        self._sockets: weakref.WeakKeyDictionary[object, int] = (
            weakref.WeakKeyDictionary()
        )

    def hook(self, sink: Sink) -> None:
        """Wait for the module."""
        self._is_observing = True
        self._descriptors = Descriptors(sink)
        # Handles that are there already must pass for instances of the new classes.
        is_loaded = "pycurl" in sys.modules
        kind = abc.ABCMeta if is_loaded else type
        if is_loaded and f"{_OURS}.engine" not in sys.modules:
            self._is_in_use()  # who loaded it may have taken the classes
        sink.when_imported("pycurl", lambda module: self._hook(module, kind))

    def stop(self) -> None:
        """Have the handles that are left do no more than their originals."""
        self._is_observing = self._is_used = False

    def _is_in_use(self) -> None:
        if not self._is_used:
            self._is_used = True
            self.sink.looks("pycurl")

    def _hook(self, module: ModuleType, kind: type) -> None:
        easy = self._bind(module, "Curl", kind)
        for name in _PERFORMERS:
            if hasattr(easy, name):
                self.sink.call_after(easy, name, self._performed)
        multi = self._bind(module, "CurlMulti", kind)
        self.sink.call_after(multi, "add_handle", self._added_to)
        self.sink.call_before(multi, "remove_handle", self._removes)
        self.sink.call_after(multi, "info_read", self._completed)
        in_asyncio = sys.modules.get("pycurl.async_multi")
        if in_asyncio is not None:
            self.sink.replace(in_asyncio, "CurlMulti", lambda _: multi)
            self.sink.owner_type(in_asyncio.AsyncCurlMulti, closers=("aclose",))
            self.sink.call_after(in_asyncio.AsyncCurlMulti, "__init__", self._encloses)
            self.sink.call_after(in_asyncio.AsyncCurlMulti, "perform", self._awaited)

    def _bind(self, module: ModuleType, name: str, kind: Any) -> type:
        """Bind a name of the module to a subclass of what it names."""
        original = getattr(module, name)

        def is_one(cls: type, other: type) -> Any:
            # Asked by the metaclass that is used where there are older handles.
            is_itself = cls.__base__ is original and cls.__name__ == name
            return (is_itself and issubclass(other, original)) or NotImplemented

        watched: Any = kind(
            name,
            (original,),
            {
                "__module__": module.__name__,
                "__slots__": (),
                "__new__": self._maker(original),
                "__subclasshook__": classmethod(is_one),
            },
        )
        self.sink.replace(module, name, lambda _: watched)
        self.sink.owner_type(original, closers=())
        for closer in _CLOSERS:
            if hasattr(original, closer):
                self.sink.call_before(watched, closer, self._closes)
        return watched  # type: ignore[no-any-return]  # made by a metaclass of either kind

    def _maker(self, original: Any) -> Callable[..., Any]:
        def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if not self._is_observing:
                return original.__new__(cls, *args, **kwargs)
            caller = str(sys._getframe(1).f_globals.get("__name__"))
            if caller.partition(".")[0] == _OURS:
                return original(*args, **kwargs)
            self._is_in_use()
            made = original.__new__(cls, *args, **kwargs)
            self.sink.made(made)
            return made

        return make

    def _performed(self, _: object, handle: Any, *__: object) -> None:
        fd = _socket_of(handle)
        if fd is not None:
            self._loaded(fd, handle)
            self.sink.used(fd)

    def _added_to(self, _: object, multi: object, handle: object) -> None:
        self._added.setdefault(multi, weakref.WeakSet()).add(handle)

    def _removes(self, multi: object, handle: Any) -> None:
        fd = _socket_of(handle)
        if fd is not None and multi not in self._outer:
            self._loaded(fd, multi)
        self._added.get(multi, weakref.WeakSet()).discard(handle)

    def _completed(self, result: Any, multi: object, *_: object) -> None:
        for handle in result[1]:
            fd = _socket_of(handle)
            outer = self._outer.get(multi)
            if fd is None:
                continue
            if outer is None:
                self._loaded(fd, multi)
                self.sink.used(fd)
            else:
                # In a callback of the loop: the line is read where it is awaited.
                self.sink.opened(fd, owner=outer(), is_on_stack=False)
                self._descriptors.add(multi, fd)
                self._sockets[handle] = fd

    def _encloses(self, _: object, outer: Any, *__: object, **___: object) -> None:
        self._outer[outer._multi] = weakref.ref(outer)

    def _awaited(self, _: object, outer: object, handle: object) -> None:
        fd = self._sockets.pop(handle, None)
        if fd is not None:
            self.sink.opened(fd, owner=outer)
            self.sink.used(fd)

    def _loaded(self, fd: int, owner: object) -> None:
        if not self._descriptors.has(owner, fd):
            self.sink.opened(fd, otherwise=owner)
            self._descriptors.add(owner, fd)

    def _closes(self, handle: object, *_: object) -> None:
        self._descriptors.closing(handle)
        # Its handles may be closed with it, without a word.
        self._added.pop(handle, None)

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:
        """Return the connections that a multi handle's loads use now."""
        inodes = {fd: inode for inode, fd in kernel.descriptors.items()}
        for multi, handles in list(self._added.items()):
            for handle in list(handles):
                fd = _socket_of(handle)
                if fd in inodes:
                    outer = self._outer.get(multi)
                    owner = self.sink.owner_of(multi if outer is None else outer())
                    yield Sighting(inode=inodes[fd], owner=owner)

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a handle was closed."""
        is_closed: Any = getattr(owner, "closed", None)
        return OwnerState(
            is_closed=bool(is_closed() if callable(is_closed) else is_closed),
            noun="handle",
            closing="aclose()" if hasattr(owner, "aclose") else "close()",
            has_block=hasattr(owner, "__exit__") or hasattr(owner, "__aexit__"),
        )


def _socket_of(handle: Any) -> int | None:
    """Return the socket of a handle's last load; None while it performs elsewhere."""
    try:
        fd = handle.getinfo(_ACTIVE_SOCKET)
    except Exception:  # pycurl.error, which cannot be named before it is loaded
        return None
    return fd if isinstance(fd, int) and fd >= 0 else None
