"""URLSession for Python on libcurl.

The names are given lazily, so that a program that only watches connections
(`urlsession.watch`) never loads libcurl, and so that importing this package
costs next to nothing. The modules that define the names are in `_MODULES`.

A watched pytest finds this package imported before it could rewrite its assertions. It
has none in it, and the warning is spared to the user: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from importlib import import_module

# Known to type checkers by its name; `typing` itself takes 7 ms to load.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from .close_code import WebSocketCloseCode
    from .configuration import URLSessionConfiguration
    from .connections import ClosedBy, Connection, ConnectionEvent, ConnectionState
    from .credential import URLCredential
    from .delegate import (
        ResponseDisposition,
        URLSessionDataDelegate,
        URLSessionDelegate,
        URLSessionDownloadDelegate,
        URLSessionStreamDelegate,
        URLSessionTaskDelegate,
        URLSessionWebSocketDelegate,
    )
    from .errors import SessionInvalidatedError, URLError, URLErrorCode, UsageError
    from .headers import HTTPHeaders
    from .metrics import URLSessionTaskMetrics, URLSessionTaskTransactionMetrics
    from .multipart import MultipartForm
    from .protection_space import AuthenticationMethod, URLProtectionSpace
    from .protocol import URLProtocol, URLProtocolClient
    from .proxy import ProxyConfiguration
    from .request import CachePolicy, NetworkServiceType, URLRequest
    from .response import HTTPURLResponse, URLResponse
    from .server_trust import ServerTrust
    from .session import URLSession
    from .storage.cached_response import CachedURLResponse
    from .storage.cookies.cookie import CookieKey, HTTPCookie
    from .storage.cookies.policy import CookieAcceptPolicy, CookieSameSitePolicy
    from .storage.cookies.storage import HTTPCookieStorage
    from .storage.credentials import URLCredentialStorage
    from .storage.url_cache import URLCache
    from .tasks.data_task import URLSessionDataTask
    from .tasks.download_task import URLSessionDownloadTask
    from .tasks.priority import TaskPriority
    from .tasks.reply import DownloadReply, Reply
    from .tasks.state import TaskState
    from .tasks.stream import AsyncBytes
    from .tasks.stream_task import URLSessionStreamTask
    from .tasks.task import URLSessionTask
    from .tasks.upload_task import URLSessionUploadTask
    from .tasks.web_socket_task import URLSessionWebSocketTask

    __version__: str

__all__ = (
    "AsyncBytes",
    "AuthChallengeDisposition",
    "AuthenticationMethod",
    "CachePolicy",
    "CachedURLResponse",
    "ClosedBy",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "CookieAcceptPolicy",
    "CookieKey",
    "CookieSameSitePolicy",
    "DownloadReply",
    "HTTPCookie",
    "HTTPCookieStorage",
    "HTTPHeaders",
    "HTTPURLResponse",
    "MultipartForm",
    "NetworkServiceType",
    "ProxyConfiguration",
    "Reply",
    "ResponseDisposition",
    "ServerTrust",
    "SessionInvalidatedError",
    "TaskPriority",
    "TaskState",
    "URLAuthenticationChallenge",
    "URLCache",
    "URLCredential",
    "URLCredentialStorage",
    "URLError",
    "URLErrorCode",
    "URLProtectionSpace",
    "URLProtocol",
    "URLProtocolClient",
    "URLRequest",
    "URLResponse",
    "URLSession",
    "URLSessionConfiguration",
    "URLSessionDataDelegate",
    "URLSessionDataTask",
    "URLSessionDelegate",
    "URLSessionDownloadDelegate",
    "URLSessionDownloadTask",
    "URLSessionStreamDelegate",
    "URLSessionStreamTask",
    "URLSessionTask",
    "URLSessionTaskDelegate",
    "URLSessionTaskMetrics",
    "URLSessionTaskTransactionMetrics",
    "URLSessionUploadTask",
    "URLSessionWebSocketDelegate",
    "URLSessionWebSocketTask",
    "UsageError",
    "WebSocketCloseCode",
    "__version__",
)

_MODULES = {
    "AsyncBytes": "tasks.stream",
    "AuthChallengeDisposition": "challenge",
    "AuthenticationMethod": "protection_space",
    "CachePolicy": "request",
    "CachedURLResponse": "storage.cached_response",
    "ClosedBy": "connections",
    "Connection": "connections",
    "ConnectionEvent": "connections",
    "ConnectionState": "connections",
    "CookieAcceptPolicy": "storage.cookies.policy",
    "CookieKey": "storage.cookies.cookie",
    "CookieSameSitePolicy": "storage.cookies.policy",
    "DownloadReply": "tasks.reply",
    "HTTPCookie": "storage.cookies.cookie",
    "HTTPCookieStorage": "storage.cookies.storage",
    "HTTPHeaders": "headers",
    "HTTPURLResponse": "response",
    "MultipartForm": "multipart",
    "NetworkServiceType": "request",
    "ProxyConfiguration": "proxy",
    "Reply": "tasks.reply",
    "ResponseDisposition": "delegate",
    "ServerTrust": "server_trust",
    "SessionInvalidatedError": "errors",
    "TaskPriority": "tasks.priority",
    "TaskState": "tasks.state",
    "URLCache": "storage.url_cache",
    "URLAuthenticationChallenge": "challenge",
    "URLCredential": "credential",
    "URLCredentialStorage": "storage.credentials",
    "URLError": "errors",
    "URLErrorCode": "errors",
    "URLProtocol": "protocol",
    "URLProtocolClient": "protocol",
    "URLProtectionSpace": "protection_space",
    "URLRequest": "request",
    "URLResponse": "response",
    "URLSession": "session",
    "URLSessionConfiguration": "configuration",
    "URLSessionDataDelegate": "delegate",
    "URLSessionDataTask": "tasks.data_task",
    "URLSessionDelegate": "delegate",
    "URLSessionDownloadDelegate": "delegate",
    "URLSessionDownloadTask": "tasks.download_task",
    "URLSessionStreamDelegate": "delegate",
    "URLSessionStreamTask": "tasks.stream_task",
    "URLSessionTask": "tasks.task",
    "URLSessionTaskDelegate": "delegate",
    "URLSessionTaskMetrics": "metrics",
    "URLSessionTaskTransactionMetrics": "metrics",
    "URLSessionUploadTask": "tasks.upload_task",
    "URLSessionWebSocketDelegate": "delegate",
    "URLSessionWebSocketTask": "tasks.web_socket_task",
    "UsageError": "errors",
    "WebSocketCloseCode": "close_code",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        # Reading the metadata costs more than the rest of the package: on demand.
        from importlib.metadata import version

        value: object = version(__name__)
    elif name == "watch":
        value = import_module(f"{__name__}.watch")
    elif name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
