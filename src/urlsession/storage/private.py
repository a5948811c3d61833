"""The stores that an ephemeral configuration, its copies and their sessions share.

Decides how long what they hold stays: until the last session that uses them has been
invalidated. Must not know what the stores are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar, cast

__all__ = ("PrivateStores", "Purgeable")


class Purgeable(Protocol):
    """A store that can be emptied."""

    def purge(self) -> None:
        """Forget everything; the store can be used on."""


_T = TypeVar("_T", bound=Purgeable)


class PrivateStores:
    """Stores in memory, each made when it is first asked for.

    A copy by pickle has stores of its own, empty.
    """

    __slots__ = ("_lock", "_made", "_session_count")

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a finalizer may end a session at any moment
        self._made: dict[str, Purgeable] = {}
        self._session_count = 0

    def get(self, name: str, make: Callable[[], _T]) -> _T:
        """Return the store called `name`, made by `make` if there is none yet."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return cast(_T, self._made[name])

    def session_began(self) -> None:
        """One more session uses the stores."""
        with self._lock:
            self._session_count += 1

    def session_ended(self) -> None:
        """A session has been invalidated; after the last one nothing is kept."""
        with self._lock:
            self._session_count -= 1
            if self._session_count:
                return
            stores = list(self._made.values())
        for store in stores:
            store.purge()

    def __reduce__(self) -> tuple[type[PrivateStores], tuple[()]]:
        return PrivateStores, ()
