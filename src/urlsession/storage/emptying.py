"""What `reset` and `flush` of a session do to its stores.

Decides by which of a store's own methods it is emptied and written out, so that a
store of the user's, with Foundation's methods, is served like ours. Must not know
what is in a store.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ("empty_store", "write_store_out")

DISTANT_PAST = datetime(1, 1, 1, tzinfo=UTC)


def empty_store(store: object) -> None:
    """Forget everything that is in a store, on disk too.

    Raises:
        OSError: What is on disk cannot be removed.
    """
    for name, arguments in (
        ("remove_all_cached_responses", ()),
        ("remove_cookies_since", (DISTANT_PAST,)),
        ("remove_all", ()),
    ):
        method = _method(store, name)
        if method is not None:
            method(*arguments)
            return


def write_store_out(store: object) -> None:
    """Have a store write what it has in memory only.

    Raises:
        OSError: It cannot be written.
    """
    method = _method(store, "flush")
    if method is not None:
        method()


def _method(store: object, name: str) -> Callable[..., object] | None:
    method = getattr(store, name, None)
    return method if callable(method) else None
