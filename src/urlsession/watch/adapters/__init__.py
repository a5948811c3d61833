"""The adapters that come with the package, one file per library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .http_client import HTTPClientAdapter
from .requests import RequestsAdapter
from .urllib3 import Urllib3Adapter
from .urlsession import URLSessionAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..adapter import Adapter

__all__ = (
    "BUILT_IN",
    "HTTPClientAdapter",
    "RequestsAdapter",
    "URLSessionAdapter",
    "Urllib3Adapter",
)

BUILT_IN: tuple[Callable[[], Adapter], ...] = (
    URLSessionAdapter,
    HTTPClientAdapter,
    Urllib3Adapter,
    RequestsAdapter,
)
