"""What is asked for: a URL with how to load it.

Decides the properties of a request and which of their values are legal. Must
not know how it is sent: defaults that the session or HTTP adds (Accept, the
Content-Type of a form posted as bytes) are `loading`'s.
"""

from __future__ import annotations

import enum
import math
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol, Self, TypeAlias

from .errors import UsageError, without_password
from .headers import HeadersInit, HTTPHeaders, is_token
from .setting import no_dnssec
from .url import URLParts, parse_url

if TYPE_CHECKING:
    from .multipart import Files

__all__ = (
    "Attribution",
    "Body",
    "BodySource",
    "BodyStream",
    "CachePolicy",
    "FilePath",
    "Form",
    "NetworkServiceType",
    "URLRequest",
)


class FilePath(Protocol):
    """A path of a file, for instance a `pathlib.Path`."""

    def __fspath__(self) -> str:
        """Return the path as a string."""
        ...


class BodySource(Protocol):
    """What can be read as a file, as often as it takes: a `MultipartForm`."""

    @property
    def content_type(self) -> str:
        """The value for Content-Type."""
        ...

    def open_body(self) -> BinaryIO:
        """Return a new file with the whole body, to be closed by who reads it."""
        ...


BodyStream: TypeAlias = (
    FilePath | BinaryIO | Iterable[bytes] | AsyncIterable[bytes] | BodySource
)
"""A body read while it is sent: a path, a binary file, a form, or pieces.

Pieces come of an iterable, which is read on a thread of its own unless it is a list
or tuple, or of an async iterable, which runs on the session's loop.
"""

Body: TypeAlias = bytes | bytearray | memoryview | str | BodyStream
"""Anything a body can be made of; a str is sent as UTF-8."""

Form: TypeAlias = Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]]
"""Fields of a form: a mapping (a sequence repeats its name) or pairs."""


class CachePolicy(enum.IntEnum):
    """Whether and how a cache may answer, with Apple's numbers."""

    USE_PROTOCOL_CACHE_POLICY = 0
    RELOAD_IGNORING_LOCAL_CACHE_DATA = 1
    RETURN_CACHE_DATA_ELSE_LOAD = 2
    RETURN_CACHE_DATA_DONT_LOAD = 3
    RELOAD_IGNORING_LOCAL_AND_REMOTE_CACHE_DATA = 4
    RELOAD_REVALIDATING_CACHE_DATA = 5


class NetworkServiceType(enum.IntEnum):
    """What kind of traffic a request is, with Apple's numbers."""

    DEFAULT = 0
    VOIP = 1
    VIDEO = 2
    BACKGROUND = 3
    VOICE = 4
    RESPONSIVE_DATA = 6
    AV_STREAMING = 8
    RESPONSIVE_AV = 9
    CALL_SIGNALING = 11


class Attribution(enum.IntEnum):
    """Who asked for a request: the program's maker or its user."""

    DEVELOPER = 0
    USER = 1


class _Unset(enum.Enum):
    UNSET = enum.auto()


_UNSET = _Unset.UNSET  # json=None is the JSON value null

_FOUNDATIONS_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT"))
_USUAL_METHODS = _FOUNDATIONS_METHODS | {"OPTIONS", "TRACE", "PATCH"}


class URLRequest:
    """A URL and how to load it. A task takes a copy.

    Equality is Foundation's: headers, timeout, body bytes and service type do not
    count.

    Args:
        url: The URL; it is read when the request is run, see `parts`.
        method: HTTP method; None for GET. The usual ones may be in lower case.
        headers: Header fields, a mapping or (name, value) pairs.
        json: A value to send as JSON; sets Content-Type unless `headers` does.
        form: Fields to send as a form; sets Content-Type unless `headers` does.
        files: Files to send with the fields of `form`, as ``multipart/form-data``:
            paths, binary files, bytes or tuples by their names, see `MultipartForm`.
        body: The body: bytes, a str (sent as UTF-8), a path or a binary file to
            read it from, a `MultipartForm`, an iterable or async iterable of bytes.
        body_stream: The body as a stream, like `http_body_stream`.
        cache_policy: Whether a cache may answer.
        timeout_interval: Seconds without progress before the load fails; None for
            the session's.
        main_document_url: URL of the document that this load is part of, which says
            what third-party cookies are; None for a load that is part of none.

    Raises:
        UsageError: The method or a header is not legal.
        TypeError: More than one body is given, or something is of the wrong type.
        ValueError: The timeout is not a positive number of seconds.

    Source: Foundation's ``URLRequest``.
    """

    # Defaults live on the class: a request that is only a URL, which is what most
    # are, costs one assignment (0.23 µs, not 0.6).
    main_document_url: str | None = None
    cache_policy: CachePolicy = CachePolicy.USE_PROTOCOL_CACHE_POLICY
    """Whether a cache may answer; the session's policy counts if this one is 0."""
    network_service_type: NetworkServiceType = NetworkServiceType.DEFAULT
    """What kind of traffic this is; it marks the packets of a connection that this
    request opens. DEFAULT is the session's."""
    attribution: Attribution = Attribution.DEVELOPER
    """Accepted, does not apply here: no system asks who wanted a request."""
    http_should_handle_cookies: bool = True
    """Whether stored cookies are sent, and those of the response stored."""
    allows_cellular_access: bool = True
    """Accepted, does not apply here: Linux does not tell which interface is one."""
    allows_expensive_network_access: bool = True
    """Accepted, does not apply here, as above."""
    allows_constrained_network_access: bool = True
    """Accepted, does not apply here, as above."""
    allows_ultra_constrained_network_access: bool = True
    """Accepted, does not apply here, as above."""
    assumes_http3_capable: bool = False
    """Whether HTTP/3 is tried, beside HTTP/2, before the host has offered it."""
    allows_persistent_dns: bool = False
    """Whether an address that is known may be used past its time (a minute)."""
    cookie_partition_identifier: str | None = None
    """Accepted, does not apply here: cookie storages have no partitions."""

    protocol_properties: Mapping[str, object] = MappingProxyType({})
    """The marks of `URLProtocol.set_property`; copies have them too."""

    _http_method: str = "GET"
    _headers: HTTPHeaders | None = None
    _http_body: bytes | None = None
    _http_body_stream: BodyStream | None = None
    _timeout_interval: float | None = None

    DEFAULT_TIMEOUT_INTERVAL: ClassVar[float] = 60.0  # seconds; Foundation's

    def __init__(
        self,
        url: str,
        *,
        method: str | None = None,
        headers: HeadersInit | None = None,
        json: object = _UNSET,
        form: Form | None = None,
        files: Files | None = None,
        body: Body | None = None,
        body_stream: BodyStream | None = None,
        cache_policy: CachePolicy | None = None,
        timeout_interval: float | None = None,
        main_document_url: str | None = None,
    ) -> None:
        if not isinstance(url, str):
            raise TypeError(f"url must be a str, not {type(url).__name__}")
        self.url = url
        if method is not None:
            upper = str(method).upper()  # what is no str is the setter's to refuse
            self.http_method = upper if upper in _USUAL_METHODS else method
        if headers is not None:
            self._headers = HTTPHeaders(headers)
        if timeout_interval is not None:
            self.timeout_interval = timeout_interval
        if cache_policy is not None:
            self.cache_policy = CachePolicy(cache_policy)
        if main_document_url is not None:
            self.main_document_url = main_document_url
        if json is not _UNSET:
            self._refuse_second_body(form, files, body, body_stream)
            self._set_json(json)
        elif files is not None:
            self._refuse_second_body(body, body_stream)
            self._set_files(form, files)
        elif form is not None:
            self._refuse_second_body(body, body_stream)
            self._set_form(form)
        elif body is not None:
            self._refuse_second_body(body_stream)
            self._set_body(body)
        elif body_stream is not None:
            self.http_body_stream = body_stream

    @property
    def parts(self) -> URLParts:
        """The URL taken apart.

        Raises:
            URLError: The URL cannot be read, or its scheme is not supported.
        """
        return parse_url(self.url)

    @property
    def http_method(self) -> str:
        """The HTTP method; None resets to GET.

        Setting it upper-cases GET, HEAD, POST, PUT, DELETE and CONNECT, as Foundation
        does, and leaves others as they are: the methods of HTTP are case-sensitive.
        """
        return self._http_method

    @http_method.setter
    def http_method(self, method: str | None) -> None:
        if method is None:
            method = "GET"
        elif not isinstance(method, str):
            raise TypeError(f"method must be a str, not {type(method).__name__}")
        elif not is_token(method):
            raise UsageError(f"method {method!r} is not a legal HTTP method")
        upper = method.upper()
        self._http_method = upper if upper in _FOUNDATIONS_METHODS else method

    @property
    def headers(self) -> HTTPHeaders:
        """The header fields; changes to them count.

        A few belong to the system, which may overwrite or leave them out:
        Content-Length, Connection, Host, Proxy-Authenticate, Proxy-Authorization,
        WWW-Authenticate. Authorization is sent, but not to another origin.
        """
        if self._headers is None:
            self._headers = HTTPHeaders()
        return self._headers

    @headers.setter
    def headers(self, fields: HeadersInit | None) -> None:
        self._headers = None if fields is None else HTTPHeaders(fields)

    def header_items(self) -> Sequence[tuple[str, str]]:
        """Return each header field as a (name, value) pair; empty if none is set."""
        headers = self._headers
        return () if headers is None else headers.items()

    def value(self, name: str) -> str | None:
        """Return the value of a header field, or None if it is not set."""
        return None if self._headers is None else self._headers.get(name)

    def set_value(self, name: str, value: str | None) -> None:
        """Set a header field in place of any of that name; None removes it.

        Raises:
            UsageError: The name or the value is not legal.
        """
        if value is None:
            self.headers.remove(name)
        else:
            self.headers.set(name, value)

    def add_value(self, name: str, value: str) -> None:
        """Append to a header field with a comma, or set it if there is none.

        `headers.add` sends the value in a field of its own instead.

        Raises:
            UsageError: The name or the value is not legal.
        """
        old = self.value(name)
        self.headers.set(name, value if old is None else f"{old},{value}")

    @property
    def http_body(self) -> bytes | None:
        """The body as bytes; setting it takes away `http_body_stream`."""
        return self._http_body

    @http_body.setter
    def http_body(self, body: bytes | bytearray | memoryview | None) -> None:
        if body is not None and not isinstance(body, bytes | bytearray | memoryview):
            raise TypeError(f"http_body must be bytes, not {type(body).__name__}")
        self._http_body = None if body is None else bytes(body)
        self._http_body_stream = None

    @property
    def http_body_stream(self) -> BodyStream | None:
        """The body as a stream; setting it takes away `http_body`.

        Copies of the request share it. A path can be read again when a redirect
        or a challenge asks for the body a second time, and so can a file that
        seeks or an iterable that is no iterator.
        """
        return self._http_body_stream

    @http_body_stream.setter
    def http_body_stream(self, stream: BodyStream | None) -> None:
        if stream is not None and not _is_stream(stream):
            kind = type(stream).__name__
            raise TypeError(
                "a body stream is a path, a binary file or an iterable of bytes, "
                f"not {kind}"
            )
        self._http_body_stream = stream
        self._http_body = None

    @property
    def requires_dnssec_validation(self) -> bool:
        """Whether the host's name must be signed; setting it True is a `ValueError`.

        The resolver that libcurl uses does not tell whether it has validated a name.
        """
        return False

    @requires_dnssec_validation.setter
    def requires_dnssec_validation(self, value: bool) -> None:
        no_dnssec("requires_dnssec_validation", value)

    @property
    def timeout_interval(self) -> float:
        """Seconds without progress before the load fails; infinity for never."""
        explicit = self._timeout_interval
        return self.DEFAULT_TIMEOUT_INTERVAL if explicit is None else explicit

    @timeout_interval.setter
    def timeout_interval(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            kind = type(seconds).__name__
            raise TypeError(f"timeout_interval must be a number, not {kind}")
        if math.isnan(seconds) or seconds <= 0:
            raise ValueError(f"timeout_interval must be above 0, not {seconds}")
        self._timeout_interval = float(seconds)

    @property
    def explicit_timeout_interval(self) -> float | None:
        """The timeout if this request sets one, which beats the session's."""
        return self._timeout_interval

    @property
    def is_plain(self) -> bool:
        """Whether this is a GET that has nothing but its URL that matters to HTTP."""
        return len(self.__dict__) == 1 or (
            self._headers is None
            and self._http_body is None
            and self._http_method == "GET"
            and self._timeout_interval is None
            and self._http_body_stream is None
            and not self.network_service_type
            and not self.allows_persistent_dns
        )

    def copy(self) -> Self:
        """Return an equal request with headers of its own; a stream is shared."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        if self._headers is not None:
            made._headers = self._headers.copy()
        return made

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URLRequest):
            return NotImplemented
        return self is other or self._identity() == other._identity()

    def __hash__(self) -> int:
        # Of what equality counts, as Foundation's: not to be changed while it is a key.
        return hash(self._identity())

    def __str__(self) -> str:
        return without_password(self.url or "")

    def __repr__(self) -> str:
        return f"URLRequest({str(self)!r}, method={self.http_method!r})"

    def _identity(self) -> tuple[object, ...]:
        return (
            self.url,
            self.main_document_url,
            self.http_method,
            self.cache_policy,
            id(self._http_body_stream),
            self.allows_cellular_access,
            self.http_should_handle_cookies,
        )

    def _refuse_second_body(self, *others: object) -> None:
        if any(one is not None for one in others):
            raise TypeError(
                "give one of json, form (with files), body and body_stream, not two"
            )

    def _set_json(self, value: object) -> None:
        import json  # only requests that send JSON need it

        text = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        self._http_body = text.encode()
        self._set_content_type("application/json")

    def _set_form(self, form: Form) -> None:
        from urllib.parse import urlencode

        fields = list(form.items() if isinstance(form, Mapping) else form)
        self._http_body = urlencode(fields, doseq=True).encode("ascii")
        self._set_content_type("application/x-www-form-urlencoded")

    def _set_files(self, form: Form | None, files: Files) -> None:
        from .multipart import MultipartForm  # only requests that send files need it

        self._set_body(MultipartForm(form, files))

    def _set_body(self, body: Body) -> None:
        if isinstance(body, str):
            self._http_body = body.encode()
        elif isinstance(body, bytes | bytearray | memoryview):
            self._http_body = bytes(body)
        else:
            self.http_body_stream = body
            content_type = getattr(body, "content_type", None)
            if isinstance(content_type, str):  # a form's
                self._set_content_type(content_type)

    def _set_content_type(self, value: str) -> None:
        if "Content-Type" not in self.headers:
            self.headers.set("Content-Type", value)


def _is_stream(value: object) -> bool:
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping):
        return False  # iterable, but what comes out is not pieces of a body
    return any(hasattr(value, name) for name in _OF_A_STREAM)


_OF_A_STREAM = ("__fspath__", "open_body", "read", "__iter__", "__aiter__")
