"""The adapters that come with the package, one file per library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .aiobotocore import AiobotocoreAdapter
from .aiohttp import AiohttpAdapter
from .asyncio_streams import AsyncioStreamsAdapter
from .asyncpg import AsyncpgAdapter
from .botocore import BotocoreAdapter
from .curl_cffi import CurlCffiAdapter
from .grpc import GrpcAdapter
from .http_client import HTTPClientAdapter
from .httpcore import HttpcoreAdapter
from .httpx import HttpxAdapter
from .niquests import NiquestsAdapter
from .psycopg import PsycopgAdapter
from .psycopg2 import Psycopg2Adapter
from .pycurl import PycurlAdapter
from .pymongo import PyMongoAdapter
from .pyreqwest import PyreqwestAdapter
from .redis import RedisAdapter
from .requests import RequestsAdapter
from .sdk import AzureAdapter
from .stdlib import StandardAdapter
from .urllib3 import Urllib3Adapter
from .urlsession import URLSessionAdapter
from .websocket_client import WebsocketClientAdapter
from .websockets import WebsocketsAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..adapter import Adapter

__all__ = (
    "BUILT_IN",
    "AiobotocoreAdapter",
    "AiohttpAdapter",
    "AsyncioStreamsAdapter",
    "AsyncpgAdapter",
    "AzureAdapter",
    "BotocoreAdapter",
    "CurlCffiAdapter",
    "GrpcAdapter",
    "HTTPClientAdapter",
    "HttpcoreAdapter",
    "HttpxAdapter",
    "NiquestsAdapter",
    "Psycopg2Adapter",
    "PsycopgAdapter",
    "PyMongoAdapter",
    "PycurlAdapter",
    "PyreqwestAdapter",
    "RedisAdapter",
    "RequestsAdapter",
    "StandardAdapter",
    "URLSessionAdapter",
    "Urllib3Adapter",
    "WebsocketClientAdapter",
    "WebsocketsAdapter",
)

BUILT_IN: tuple[Callable[[], Adapter], ...] = (
    URLSessionAdapter,
    AiohttpAdapter,
    AiobotocoreAdapter,
    WebsocketsAdapter,
    WebsocketClientAdapter,
    HTTPClientAdapter,
    Urllib3Adapter,
    RequestsAdapter,
    BotocoreAdapter,
    NiquestsAdapter,
    lambda: HttpcoreAdapter("httpcore"),
    lambda: HttpcoreAdapter("httpcore2"),
    lambda: HttpxAdapter("httpx"),
    lambda: HttpxAdapter("httpx2"),
    AzureAdapter,
    StandardAdapter,
    RedisAdapter,
    PsycopgAdapter,
    Psycopg2Adapter,
    AsyncpgAdapter,
    PyMongoAdapter,
    CurlCffiAdapter,
    PycurlAdapter,
    GrpcAdapter,
    PyreqwestAdapter,
    # Whose sockets the libraries above are built on: each of them knows better.
    AsyncioStreamsAdapter,
)
