"""Whose code is it: the user's, a library's, or the observer's own.

Decides by the file a module was loaded from: what lies in the standard library or
in a place where packages are installed is a library, what lies in this package's
observer is the observer's own, everything else is the user's.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType, FrameType

__all__ = ("CodeMap",)

_WATCH_DIR = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PACKAGE_DIR = os.path.dirname(os.path.dirname(_WATCH_DIR)) + os.sep
_CLI_DIR = os.path.join(_PACKAGE_DIR, "cli") + os.sep
_TYPED_IN = ("<string>", "<stdin>", "<python-input", "<ipython-input")
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class CodeMap:
    """Tells the user's modules and files from the libraries'.

    Args:
        user_packages: Top-level packages that are the user's wherever they lie (the
            one named by ``-m``, for instance).
        internals: Module prefixes that adapters named as their library's own.
    """

    def __init__(
        self, user_packages: Iterable[str] = (), internals: Iterable[str] = ()
    ) -> None:
        self._user_packages = frozenset(user_packages)
        self._internals = tuple(internals)
        self._by_module: dict[str, bool] = {}
        self._by_file: dict[str, bool] = {}
        paths = sysconfig.get_paths()
        self._library_dirs = tuple(
            {paths[name] + os.sep for name in ("stdlib", "platstdlib")}
        )

    def is_user_module(self, name: str) -> bool:
        """Whether a module is part of the user's program."""
        known = self._by_module.get(name)
        if known is None:
            known = self._by_module[name] = self._look_at_module(name)
        return known

    def is_internal(self, module: str) -> bool:
        """Whether a module belongs to a library whose inner hops are folded."""
        return any(
            module == one or module.startswith(one + ".") for one in self._internals
        )

    def is_own_file(self, file: str) -> bool:
        """Whether a file is the observer's own."""
        return file.startswith((_WATCH_DIR, _CLI_DIR))

    def is_user_code(
        self, code: CodeType, namespace: Mapping[str, object] | None = None
    ) -> bool:
        """Whether a code object is the user's, typed in or in a file.

        Args:
            code: The code.
            namespace: Globals of its function or frame; only these can tell who
                typed in what has no file.
        """
        file = code.co_filename
        if namespace is not None and file.startswith(_TYPED_IN):
            return namespace.get("__name__") == "__main__"
        return self.is_user_file(file)

    def is_user_frame(self, frame: FrameType) -> bool:
        """Whether a frame runs code of the user's, typed in or in a file."""
        return self.is_user_code(frame.f_code, frame.f_globals)

    def _look_at_module(self, name: str) -> bool:
        if name == "__main__" or name.partition(".")[0] in self._user_packages:
            return True
        if self.is_internal(name):
            return False
        module = sys.modules.get(name)
        if module is None:
            return False
        # Not `getattr`: a module may have a `__getattr__`, or load itself when asked.
        try:
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            return False
        return isinstance(file, str) and self.is_user_file(file)

    def is_user_file(self, file: str) -> bool:
        """Whether a file is part of the user's program."""
        known = self._by_file.get(file)
        if known is None:
            known = self._by_file[file] = self._look_at_file(file)
        return known

    def _look_at_file(self, file: str) -> bool:
        if file.startswith(("<", _PACKAGE_DIR)):
            return False
        if any(one in file for one in _INSTALLED):
            return any(
                f"{os.sep}{package}{os.sep}" in file for package in self._user_packages
            )
        return not file.startswith(self._library_dirs)
