"""Delegates: who is told of a session's and its tasks' doings, and who decides.

A delegate is any object with some of the methods below; the classes here list
them for type checkers and for reading, and inheriting is optional. A method that
decides returns its decision, or an awaitable of it. A method that is missing, or
is inherited from here, means Foundation's default.

All methods run on the session's `delegate_queue`, except `did_create_task`, which
runs at once on the thread that makes the task.

Source: Foundation's ``URLSessionDelegate``, ``URLSessionTaskDelegate``,
``URLSessionDataDelegate``, ``URLSessionDownloadDelegate``.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from .challenge import AuthChallengeDisposition, URLAuthenticationChallenge
    from .credential import URLCredential
    from .errors import URLError
    from .metrics import URLSessionTaskMetrics
    from .request import BodyStream, URLRequest
    from .response import HTTPURLResponse
    from .session import URLSession
    from .storage.cached_response import CachedURLResponse
    from .tasks.data_task import URLSessionDataTask
    from .tasks.download_task import URLSessionDownloadTask
    from .tasks.stream_task import (
        CapturedReader,
        CapturedWriter,
        URLSessionStreamTask,
    )
    from .tasks.task import URLSessionTask
    from .tasks.web_socket_task import URLSessionWebSocketTask

__all__ = (
    "ResponseDisposition",
    "URLSessionDataDelegate",
    "URLSessionDelegate",
    "URLSessionDownloadDelegate",
    "URLSessionStreamDelegate",
    "URLSessionTaskDelegate",
    "URLSessionWebSocketDelegate",
    "find_method",
)

if TYPE_CHECKING:
    ChallengeDecision: TypeAlias = (
        tuple[AuthChallengeDisposition, URLCredential | None] | None
    )
    """What to do about a challenge, and with which credential."""

_MethodT = TypeVar("_MethodT", bound=Callable[..., object])


class ResponseDisposition(enum.IntEnum):
    """What to do with a response whose head has come.

    ``BECOME_STREAM`` is for connections whose bytes are the body as it is: HTTP/1
    without TLS and without codings, also after a 101. Elsewhere it ends the task with
    ``URLErrorCode.UNSUPPORTED_URL``.
    """

    CANCEL = 0
    ALLOW = 1
    BECOME_DOWNLOAD = 2
    BECOME_STREAM = 3


def _default(method: _MethodT) -> _MethodT:
    """Mark a method as not implemented: its presence means nothing."""
    method.is_default = True  # type: ignore[attr-defined]  # functions take attributes
    return method


def find_method(delegate: object | None, name: str) -> Callable[..., Any] | None:
    """Return the delegate's own method of that name, or None if it has none."""
    method = getattr(delegate, name, None)
    if method is None or getattr(method, "is_default", False):
        return None
    return method if callable(method) else None


class URLSessionDelegate:
    """What a session tells of itself."""

    @_default
    def session_did_become_invalid(
        self, session: URLSession, error: URLError | None
    ) -> None:
        """The session is over; its last message. `error` is None if it was asked for."""

    @_default
    def session_did_receive_challenge(
        self, session: URLSession, challenge: URLAuthenticationChallenge
    ) -> ChallengeDecision | Awaitable[ChallengeDecision]:
        """Decide on a connection: a server's certificates, a client certificate.

        NTLM and Negotiate come here too. Asked once for each new connection; without
        this method `task_did_receive_challenge` is asked.

        Returns:
            A disposition and, to use one, a credential; None for default handling.
        """


class URLSessionTaskDelegate(URLSessionDelegate):
    """What happens to a task of any kind."""

    @_default
    def did_create_task(self, session: URLSession, task: URLSessionTask) -> None:
        """A task was made; runs before the factory returns, on the same thread."""

    @_default
    def task_will_perform_http_redirection(
        self,
        session: URLSession,
        task: URLSessionTask,
        response: HTTPURLResponse,
        new_request: URLRequest,
    ) -> URLRequest | None | Awaitable[URLRequest | None]:
        """Decide on a redirect.

        Returns:
            `new_request`, another request, or None to take the 3xx response itself as
            the result.
        """

    @_default
    def task_is_waiting_for_connectivity(
        self, session: URLSession, task: URLSessionTask
    ) -> None:
        """There is no way to the host, and the task waits for one; at most once.

        Only with `URLSessionConfiguration.waits_for_connectivity`.
        """

    @_default
    def task_did_receive_challenge(
        self,
        session: URLSession,
        task: URLSessionTask,
        challenge: URLAuthenticationChallenge,
    ) -> ChallengeDecision | Awaitable[ChallengeDecision]:
        """Decide how to answer a server or a proxy that wants to know who asks.

        Connections' challenges come here if there is no method for them.

        Returns:
            A disposition and, to use one, a credential; None for default handling.
        """

    @_default
    def task_need_new_body_stream(
        self, session: URLSession, task: URLSessionTask
    ) -> BodyStream | None | Awaitable[BodyStream | None]:
        """Give the body's stream: for a streamed upload, and for each resend.

        A resend comes of a redirect that repeats the body, of a challenge, or of a
        connection that died before the request had arrived. None fails the task with
        ``URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED``.
        """

    @_default
    def task_need_new_body_stream_from_offset(
        self, session: URLSession, task: URLSessionTask, offset: int
    ) -> BodyStream | None | Awaitable[BodyStream | None]:
        """Give what comes after `offset` bytes of the body, to resume an upload.

        None ends the upload with the error that had interrupted it.
        """

    @_default
    def task_did_send_body_data(
        self,
        session: URLSession,
        task: URLSessionTask,
        bytes_sent: int,
        total_bytes_sent: int,
        total_bytes_expected_to_send: int,
    ) -> None:
        """More of the body went out; the expected total is -1 if it is not known."""

    @_default
    def task_did_receive_informational_response(
        self, session: URLSession, task: URLSessionTask, response: HTTPURLResponse
    ) -> None:
        """A 1xx response came (not 101)."""

    @_default
    def task_did_finish_collecting_metrics(
        self,
        session: URLSession,
        task: URLSessionTask,
        metrics: URLSessionTaskMetrics,
    ) -> None:
        """The metrics are complete; just before `task_did_complete`."""

    @_default
    def task_did_complete(
        self, session: URLSession, task: URLSessionTask, error: URLError | None
    ) -> None:
        """The task is over; its last message. `error` is None for any HTTP status."""


class URLSessionWebSocketDelegate(URLSessionTaskDelegate):
    """What happens to a WebSocket task."""

    @_default
    def web_socket_task_did_open(
        self,
        session: URLSession,
        task: URLSessionWebSocketTask,
        protocol: str | None,
    ) -> None:
        """The handshake is done; `protocol` is the subprotocol, None for none."""

    @_default
    def web_socket_task_did_close(
        self,
        session: URLSession,
        task: URLSessionWebSocketTask,
        close_code: int,
        reason: bytes | None,
    ) -> None:
        """The server's close frame came; 1005 if it has no code.

        Not called when a connection is lost without one.
        """


class URLSessionDataDelegate(URLSessionTaskDelegate):
    """What a data task receives, if it has neither handler nor awaiter for it."""

    @_default
    def data_task_did_receive_response(
        self,
        session: URLSession,
        task: URLSessionDataTask,
        response: HTTPURLResponse,
    ) -> ResponseDisposition | None | Awaitable[ResponseDisposition | None]:
        """Decide whether to go on; nothing more is told until the decision."""

    @_default
    def data_task_did_become_stream_task(
        self,
        session: URLSession,
        data_task: URLSessionDataTask,
        stream_task: URLSessionStreamTask,
    ) -> None:
        """The connection is a stream now; the data task's last message."""

    @_default
    def data_task_did_receive_data(
        self, session: URLSession, task: URLSessionDataTask, data: bytes
    ) -> None:
        """A piece of the body came, decoded; of a large body it may have 3 MiB."""

    @_default
    def data_task_will_cache_response(
        self,
        session: URLSession,
        task: URLSessionDataTask,
        proposed: CachedURLResponse,
    ) -> CachedURLResponse | None | Awaitable[CachedURLResponse | None]:
        """Decide what of a reply is stored; after its last byte, before the end.

        Called only if it may be stored at all, and not for a reply that came from the
        cache.

        Returns:
            `proposed`, another in its place, or None to store nothing.
        """

    @_default
    def data_task_did_become_download_task(
        self,
        session: URLSession,
        task: URLSessionDataTask,
        download_task: URLSessionDownloadTask,
    ) -> None:
        """The response goes to a file, by ``BECOME_DOWNLOAD``; `task` tells no more."""


class URLSessionDownloadDelegate(URLSessionTaskDelegate):
    """What a download task tells."""

    @_default
    def download_task_did_finish_downloading(
        self, session: URLSession, task: URLSessionDownloadTask, location: Path
    ) -> None | Awaitable[None]:
        """The whole body, of any HTTP status, is in a file.

        Move or open the file now: it is removed when this has returned. Not told if
        the task has a completion handler, or is awaited (`URLSession.download`).
        """

    @_default
    def download_task_did_write_data(
        self,
        session: URLSession,
        task: URLSessionDownloadTask,
        bytes_written: int,
        total_bytes_written: int,
        total_bytes_expected_to_write: int,
    ) -> None:
        """More of the body has come; told ten times a second at most.

        The expected total is -1 if it is not known.
        """

    @_default
    def download_task_did_resume(
        self,
        session: URLSession,
        task: URLSessionDownloadTask,
        file_offset: int,
        expected_total_bytes: int,
    ) -> None:
        """A download made of resume data goes on from `file_offset`.

        An offset of 0 says that it had to begin anew.
        """


class URLSessionStreamDelegate(URLSessionTaskDelegate):
    """What a stream task is told besides."""

    @_default
    def stream_task_read_closed(
        self, session: URLSession, task: URLSessionStreamTask
    ) -> None:
        """No more bytes will come; some may be unread still."""

    @_default
    def stream_task_write_closed(
        self, session: URLSession, task: URLSessionStreamTask
    ) -> None:
        """No more bytes will go."""

    @_default
    def stream_task_did_become_streams(
        self,
        session: URLSession,
        task: URLSessionStreamTask,
        reader: CapturedReader,
        writer: CapturedWriter,
    ) -> None:
        """The stream is yours now; the task's last message."""
