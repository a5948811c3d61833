"""pycurl: its easy and multi handles.

Both are made in C and take no hooks, so the names in the module are bound to
subclasses while the observer runs: what a program makes is an instance of the
original all the same, and is only asked for its socket after a load. The module's own
handles are what our own client gets, which keeps a ledger. Handles of a class that
the program got hold of before are left alone; their sockets are found in the kernel's
list. What does not work: to ask a handle while it performs, which raises.
"""

from __future__ import annotations

import abc
import sys
import weakref
from typing import TYPE_CHECKING, Any

from ..adapter import LibraryAdapter, OwnerState, Sighting
from .descriptors import Descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..adapter import Sink
    from ..kernel import KernelSnapshot

__all__ = ("PycurlAdapter",)

_ACTIVE_SOCKET = 0x500000 + 44  # CURLINFO_ACTIVESOCKET (curl/curl.h)
_PERFORMERS = ("perform", "perform_rb", "perform_rs")
_OURS = __name__.partition(".")[0]

_HANDLE = OwnerState(is_closed=None, noun="handle", has_block=False)


class PycurlAdapter(LibraryAdapter):
    """Knows pycurl's handles."""

    name = "pycurl"
    modules = ("pycurl",)
    internals = ("pycurl",)
    native_modules = ("pycurl",)

    def __init__(self) -> None:
        self._multi: type | None = None
        self._is_observing = False
        # The easy handles that each multi handle has, or had when it last told of one.
        self._added: weakref.WeakKeyDictionary[object, weakref.WeakSet[Any]] = (
            weakref.WeakKeyDictionary()
        )

    def hook(self, sink: Sink) -> None:
        """Wait for the module; handles made before are not known."""
        self._descriptors = Descriptors(sink)
        self._is_observing = True
        is_loaded = "pycurl" in sys.modules

        def bind(module: ModuleType) -> None:
            kind = abc.ABCMeta if is_loaded else type
            self._bind(module, "Curl", kind, self._easy_methods(module.Curl))
            self._bind(
                module, "CurlMulti", kind, self._multi_methods(module.CurlMulti)
            )
            self._multi = module.CurlMulti

        sink.when_imported("pycurl", bind)

    def stop(self) -> None:
        """Have the handles that are left do no more than their originals."""
        self._is_observing = False
        self._added.clear()

    def _bind(
        self, module: ModuleType, name: str, kind: type, methods: dict[str, Any]
    ) -> None:
        """Bind a name of the module to a subclass of what it names."""
        original = getattr(module, name)

        def make(_: object) -> object:
            own = {"__slots__": (), "__module__": module.__name__, **methods}
            watched = kind(name, (original,), own)
            if kind is abc.ABCMeta:
                # Handles that were made before are to be instances of it as well.
                watched.register(original)
            return watched

        self.sink.replace(module, name, make)
        self.sink.owner_type(getattr(module, name), closers=(), words=_HANDLE)

    def _easy_methods(self, original: Any) -> dict[str, Any]:
        def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - a method
            if self._is_ours(sys._getframe(1).f_globals):
                return original(*args, **kwargs)
            made = original.__new__(cls, *args, **kwargs)
            self._made(made)
            return made

        def performer(name: str) -> Any:
            function = getattr(original, name)

            def perform(handle: Any, *args: Any, **kwargs: Any) -> Any:
                try:
                    return function(handle, *args, **kwargs)
                finally:
                    self._performed(handle)

            perform.__name__, perform.__doc__ = name, function.__doc__
            return perform

        def close(handle: Any) -> None:
            self._closes(handle)
            original.close(handle)
            self._closed(handle)

        methods = {"__new__": __new__, "close": close}
        return methods | {
            name: performer(name) for name in _PERFORMERS if hasattr(original, name)
        }

    def _multi_methods(self, original: Any) -> dict[str, Any]:
        def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - a method
            if self._is_ours(sys._getframe(1).f_globals):
                return original(*args, **kwargs)
            made = original.__new__(cls, *args, **kwargs)
            self._made(made)
            return made

        def add_handle(multi: Any, handle: Any) -> Any:
            result = original.add_handle(multi, handle)
            self._has_added(multi, handle)
            return result

        def remove_handle(multi: Any, handle: Any) -> Any:
            self._removes(multi, handle)
            return original.remove_handle(multi, handle)

        def perform(multi: Any) -> Any:
            result = original.perform(multi)
            self._goes_on(multi)
            return result

        def socket_action(multi: Any, *args: Any) -> Any:
            result = original.socket_action(multi, *args)
            self._goes_on(multi)
            return result

        def close(multi: Any) -> None:
            self._closes(multi)
            original.close(multi)
            self._closed(multi)

        return {
            "__new__": __new__,
            "add_handle": add_handle,
            "remove_handle": remove_handle,
            "perform": perform,
            "socket_action": socket_action,
            "close": close,
        }
