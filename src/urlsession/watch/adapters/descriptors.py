"""The descriptors that C code opened for a Python object, until either is gone.

Decides how a close in C is seen: the library says when it is about to close an
object, and what is still the same socket then is told of as closing. A descriptor
that C code closed by itself, and that serves something else by now, is left alone.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from ..capture.kernel import identity

if TYPE_CHECKING:
    from ..adapter import Sink

__all__ = ("Descriptors",)


class Descriptors:
    """Descriptors by the object they were opened for, which is held weakly.

    Args:
        sink: Told of each that is about to be closed.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._of: weakref.WeakKeyDictionary[object, dict[int, int]] = (
            weakref.WeakKeyDictionary()
        )

    def add(self, keeper: object, fd: int) -> None:
        """Remember a descriptor of an object's."""
        self._of.setdefault(keeper, {})[fd] = identity(fd)

    def has(self, keeper: object, fd: int) -> bool:
        """Whether a descriptor is still the socket that was remembered."""
        known = self._of.get(keeper)
        try:
            return known is not None and known.get(fd) == identity(fd)
        except OSError:
            return False

    def closing(self, keeper: object) -> None:
        """Tell of all that an object still has, since it is about to be closed."""
        for fd, inode in self._of.pop(keeper, {}).items():
            try:
                is_same = identity(fd) == inode
            except OSError:
                continue  # closed by the library itself
            if is_same:
                self._sink.closing(fd)
