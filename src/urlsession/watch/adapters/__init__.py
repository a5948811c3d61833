"""The adapters that come with the package, one file per library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .urlsession import URLSessionAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..adapter import Adapter

__all__ = ("BUILT_IN", "URLSessionAdapter")

BUILT_IN: tuple[Callable[[], Adapter], ...] = (URLSessionAdapter,)
