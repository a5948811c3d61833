"""What can go wrong, told so that one sees who must act.

Decides the numbers (Foundation's) and the classes: what the network or the peer
did is a `URLError`, what our caller did wrong is a `UsageError`. Must not know
libcurl: `engine.result_code` maps its codes to these.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = (
    "BackgroundTaskCancelledReason",
    "NetworkUnavailableReason",
    "SessionInvalidatedError",
    "URLConnectionError",
    "URLError",
    "URLErrorCode",
    "URLTimeoutError",
    "UsageError",
    "without_password",
)


class URLErrorCode(enum.IntEnum):
    """Foundation's error numbers (domain ``NSURLErrorDomain``)."""

    UNKNOWN = -1
    BACKGROUND_SESSION_REQUIRES_SHARED_CONTAINER = -995
    BACKGROUND_SESSION_IN_USE_BY_ANOTHER_PROCESS = -996
    BACKGROUND_SESSION_WAS_DISCONNECTED = -997
    CANCELLED = -999
    BAD_URL = -1000
    TIMED_OUT = -1001
    UNSUPPORTED_URL = -1002
    CANNOT_FIND_HOST = -1003
    CANNOT_CONNECT_TO_HOST = -1004
    NETWORK_CONNECTION_LOST = -1005
    DNS_LOOKUP_FAILED = -1006
    HTTP_TOO_MANY_REDIRECTS = -1007
    RESOURCE_UNAVAILABLE = -1008
    NOT_CONNECTED_TO_INTERNET = -1009
    REDIRECT_TO_NON_EXISTENT_LOCATION = -1010
    BAD_SERVER_RESPONSE = -1011
    USER_CANCELLED_AUTHENTICATION = -1012
    USER_AUTHENTICATION_REQUIRED = -1013
    ZERO_BYTE_RESOURCE = -1014
    CANNOT_DECODE_RAW_DATA = -1015
    CANNOT_DECODE_CONTENT_DATA = -1016
    CANNOT_PARSE_RESPONSE = -1017
    INTERNATIONAL_ROAMING_OFF = -1018
    CALL_IS_ACTIVE = -1019
    DATA_NOT_ALLOWED = -1020
    REQUEST_BODY_STREAM_EXHAUSTED = -1021
    APP_TRANSPORT_SECURITY_REQUIRES_SECURE_CONNECTION = -1022
    FILE_DOES_NOT_EXIST = -1100
    FILE_IS_DIRECTORY = -1101
    NO_PERMISSIONS_TO_READ_FILE = -1102
    DATA_LENGTH_EXCEEDS_MAXIMUM = -1103
    FILE_OUTSIDE_SAFE_AREA = -1104
    SECURE_CONNECTION_FAILED = -1200
    SERVER_CERTIFICATE_HAS_BAD_DATE = -1201
    SERVER_CERTIFICATE_UNTRUSTED = -1202
    SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT = -1203
    SERVER_CERTIFICATE_NOT_YET_VALID = -1204
    CLIENT_CERTIFICATE_REJECTED = -1205
    CLIENT_CERTIFICATE_REQUIRED = -1206
    CANNOT_LOAD_FROM_NETWORK = -2000
    CANNOT_CREATE_FILE = -3000
    CANNOT_OPEN_FILE = -3001
    CANNOT_CLOSE_FILE = -3002
    CANNOT_WRITE_TO_FILE = -3003
    CANNOT_REMOVE_FILE = -3004
    CANNOT_MOVE_FILE = -3005
    DOWNLOAD_DECODING_FAILED_MID_STREAM = -3006
    DOWNLOAD_DECODING_FAILED_TO_COMPLETE = -3007


class NetworkUnavailableReason(enum.IntEnum):
    """Which constraint kept a request off the network there was."""

    CELLULAR = 0
    EXPENSIVE = 1
    CONSTRAINED = 2


class BackgroundTaskCancelledReason(enum.IntEnum):
    """Why the system cancelled a background task."""

    USER_FORCE_QUIT_APPLICATION = 0
    BACKGROUND_UPDATES_DISABLED = 1
    INSUFFICIENT_SYSTEM_RESOURCES = 2


_FAILING_URL_KEY = "NSErrorFailingURLKey"
_FAILING_URL_STRING_KEY = "NSErrorFailingURLStringKey"
_UNDERLYING_KEY = "NSUnderlyingError"
_RESUME_DATA_KEY = "NSURLSessionDownloadTaskResumeData"
_UPLOAD_RESUME_DATA_KEY = "NSURLSessionUploadTaskResumeData"
_NETWORK_REASON_KEY = "NSURLErrorNetworkUnavailableReasonKey"
_CANCELLED_REASON_KEY = "NSURLErrorBackgroundTaskCancelledReasonKey"


class URLError(OSError):
    """A load failed because of the network, the peer or the URL.

    As with `OSError` itself, calling this class picks the leaf that fits the code:
    ``URLError(URLErrorCode.TIMED_OUT)`` is a `URLTimeoutError`.

    Args:
        code: Foundation's number for what happened.
        message: One line naming what failed; empty for the code's own words.
        failing_url: The URL whose load failed.
        underlying: The error that caused this one.
        task_id: Identifier of the task, unique in its session.
        phase: What the transfer was doing, for instance ``connect``.
        curl_code: libcurl's result code, if libcurl reported the failure.
        os_errno: The system's errno, if a system call failed; also ``errno``.
        user_info: More facts under Foundation's keys.
    """

    code: URLErrorCode
    message: str
    failing_url: str | None
    underlying: BaseException | None
    task_id: int | None
    phase: str | None
    curl_code: int | None
    os_errno: int | None
    _offer: Callable[[], bytes | None] | None = None

    def __new__(cls, code: URLErrorCode, message: str = "", **_: object) -> Self:
        """Make the leaf class that fits `code`, unless a leaf was asked for."""
        leaf = _leaf_for(code) if cls is URLError else cls
        # One argument only: with two, OSError takes them for errno and strerror.
        return OSError.__new__(leaf, message)  # type: ignore[return-value]  # a leaf is a subclass of cls

    def __init__(
        self,
        code: URLErrorCode,
        message: str = "",
        *,
        failing_url: str | None = None,
        underlying: BaseException | None = None,
        task_id: int | None = None,
        phase: str | None = None,
        curl_code: int | None = None,
        os_errno: int | None = None,
        user_info: Mapping[str, object] | None = None,
    ) -> None:
        self.code = code = URLErrorCode(code)
        self.message = message or code.name.lower().replace("_", " ")
        self.failing_url = failing_url
        self.underlying = underlying
        self.task_id = task_id
        self.phase = phase
        self.curl_code = curl_code
        self.os_errno = self.errno = os_errno or None
        self._extra_info = dict(user_info or ())
        if underlying is not None:
            self.__cause__ = underlying

    @property
    def user_info(self) -> dict[str, object]:
        """The facts under Foundation's keys, as a new dictionary."""
        self._take_offer()
        info = dict(self._extra_info)
        if self.failing_url is not None:
            info[_FAILING_URL_KEY] = self.failing_url
            info[_FAILING_URL_STRING_KEY] = self.failing_url
        if self.underlying is not None:
            info[_UNDERLYING_KEY] = self.underlying
        return info

    @property
    def download_task_resume_data(self) -> bytes | None:
        """What a later download needs to go on from here; None if it cannot.

        Reading it keeps the file with what came so far: it is removed with the error
        if nobody does.
        """
        self._take_offer()
        data = self._extra_info.get(_RESUME_DATA_KEY)
        return data if isinstance(data, bytes) else None

    @property
    def upload_task_resume_data(self) -> bytes | None:
        """What a later upload needs to go on from here; None if it cannot."""
        data = self._extra_info.get(_UPLOAD_RESUME_DATA_KEY)
        return data if isinstance(data, bytes) else None

    def add_info(self, key: str, value: object) -> None:
        """Add a fact to `user_info` under one of Foundation's keys."""
        self._extra_info[key] = value

    @property
    def network_unavailable_reason(self) -> NetworkUnavailableReason | None:
        """Which constraint kept the request off the network; None if none did."""
        reason = self._extra_info.get(_NETWORK_REASON_KEY)
        return None if not isinstance(reason, int) else NetworkUnavailableReason(reason)

    @property
    def background_task_cancelled_reason(self) -> BackgroundTaskCancelledReason | None:
        """Why the system cancelled a background task; None if it did not."""
        reason = self._extra_info.get(_CANCELLED_REASON_KEY)
        if not isinstance(reason, int):
            return None
        return BackgroundTaskCancelledReason(reason)

    def offer_resume_data(self, offer: Callable[[], bytes | None]) -> None:
        """Let whoever asks for resume data get what `offer` returns; called once."""
        self._offer = offer

    def _take_offer(self) -> None:
        offer, self._offer = self._offer, None
        if offer is not None and (data := offer()) is not None:
            self._extra_info[_RESUME_DATA_KEY] = data

    def __str__(self) -> str:
        text = f"{self.message} ({self.code.name}, {self.code.value})"
        if self.failing_url is not None:
            text += f" loading {_on_one_line(without_password(self.failing_url))}"
        return text

    def __repr__(self) -> str:
        name, code = type(self).__name__, self.code.name
        return f"{name}({code}, {self.message!r}, failing_url={self._shown_url!r})"

    @property
    def _shown_url(self) -> str | None:
        return self.failing_url and without_password(self.failing_url)

    def __copy__(self) -> Self:
        self._take_offer()
        return _rebuild(type(self), self.__dict__)

    def __reduce__(self) -> tuple[object, ...]:
        self._take_offer()
        state = dict(self.__dict__)
        # An error that cannot be pickled blocks a process pool for ever; a cause
        # that cannot (it may hold a socket) is worth less than that.
        if not _can_pickle(self.underlying):
            state["underlying"] = None
        return _rebuild, (type(self), state)


class URLTimeoutError(URLError, TimeoutError):
    """A load took longer than it was allowed to."""


class URLConnectionError(URLError, ConnectionError):
    """A connection was refused, or lost while it was needed."""


class UsageError(RuntimeError):
    """Our caller asked for what cannot be; raised at the call."""


class SessionInvalidatedError(UsageError):
    """A task was asked of a session that was invalidated: make a new session."""


_LEAVES: dict[URLErrorCode, type[URLError]] = {
    URLErrorCode.TIMED_OUT: URLTimeoutError,
    URLErrorCode.CANNOT_CONNECT_TO_HOST: URLConnectionError,
    URLErrorCode.NETWORK_CONNECTION_LOST: URLConnectionError,
}


def _leaf_for(code: URLErrorCode) -> type[URLError]:
    return _LEAVES.get(code, URLError)


_E = TypeVar("_E", bound=URLError)


def _rebuild(kind: type[_E], state: Mapping[str, object]) -> _E:
    """Make an error from the fields of another; the traceback does not travel."""
    error = kind.__new__(kind, state["code"], state["message"])  # type: ignore[arg-type]  # typed as object in a state
    error.__dict__.update(state)
    error.errno = error.os_errno
    error.__cause__ = error.underlying
    return error


def _can_pickle(value: object) -> bool:
    if value is None:
        return True
    import pickle  # only a pickled error needs it

    try:
        pickle.dumps(value)
    except Exception:  # whatever a foreign __reduce__ raises means no
        return False
    return True


def _on_one_line(url: str) -> str:
    """Escape what would end a line of a log: a URL that cannot be read may hold it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in url)


_PASSWORD = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://[^/?#:@]*):[^/?#]*@")


def without_password(url: str) -> str:
    """Hide the password of `url`: messages end in logs."""
    return _PASSWORD.sub(r"\1:***@", url)
