"""What came back: the head of a response, without its body.

Decides what the fields of a head mean to a program: type, length, charset, file
name. A response keeps the raw lines and reads them when first asked, because
most programs look at the status only. Must not know who received it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import without_password
from .filename import filename_from_disposition, safe_filename
from .headers import HeadersInit, HTTPHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("TRANSFER_SIZE_UNKNOWN", "HTTPURLResponse", "URLResponse")

TRANSFER_SIZE_UNKNOWN = -1
"""The length of a body whose end is not known in advance."""


class URLResponse:
    """What is known of a resource before its body. A value: equal by what it says.

    Args:
        url: Where the body comes from, after redirects.
        mime_type: Its type; None if not told.
        expected_content_length: Its length in bytes, or `TRANSFER_SIZE_UNKNOWN`.
        text_encoding_name: Its charset; None if not told.
    """

    url: str

    def __init__(
        self,
        url: str,
        mime_type: str | None = None,
        expected_content_length: int = TRANSFER_SIZE_UNKNOWN,
        text_encoding_name: str | None = None,
    ) -> None:
        self.url = url
        self._mime_type = mime_type
        self._expected_content_length = expected_content_length
        self._text_encoding_name = text_encoding_name

    @property
    def mime_type(self) -> str | None:
        """The media type, without parameters; None if not told."""
        return self._mime_type

    @property
    def expected_content_length(self) -> int:
        """How many bytes the body will have, or `TRANSFER_SIZE_UNKNOWN` (-1)."""
        return self._expected_content_length

    @property
    def text_encoding_name(self) -> str | None:
        """The charset that the server names, in lower case; None if it names none."""
        return self._text_encoding_name

    @property
    def suggested_filename(self) -> str:
        """A name to save the body under; never a path, never empty.

        The last part of the URL's path, else its host; ``Unknown`` if there is no
        path at all.
        """
        return _filename_from_url(self.url)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, URLResponse):
            return NotImplemented
        return self is other or self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        return (
            type(self),
            self.url,
            self._mime_type,
            self._expected_content_length,
            self._text_encoding_name,
        )

    def __repr__(self) -> str:
        url = without_password(self.url)
        return f"{type(self).__name__}({url!r}, {self.mime_type!r})"


class HTTPURLResponse(URLResponse):
    """The head of an HTTP response.

    Args:
        url: The URL that answered, after redirects.
        status_code: The three-digit status.
        http_version: For instance ``HTTP/1.1``; None if not known.
        headers: The header fields.

    Raises:
        UsageError: A header is not legal.

    Source: Foundation's ``HTTPURLResponse``.
    """

    # Both come into being when asked for: `from_raw` sets three attributes only.
    _raw_lines: Sequence[bytes] = ()
    _headers: HTTPHeaders | None = None
    _was_received: bool = True

    status_code: int
    """The status, for instance 404, which is a response and not an error."""

    def __init__(
        self,
        url: str,
        status_code: int,
        http_version: str | None = None,
        headers: HeadersInit | None = None,
    ) -> None:
        self.url = url
        self.status_code = status_code
        self._headers = HTTPHeaders(headers or ())
        self._was_received = False
        if http_version is not None:
            self._raw_lines = (f"{http_version} {status_code}".encode("latin-1"),)

    @classmethod
    def from_raw(
        cls, url: str, status_code: int, raw_lines: Sequence[bytes]
    ) -> HTTPURLResponse:
        """Make a response of the lines of its head, to be read when asked for.

        Args:
            url: The URL that answered.
            status_code: The status, as libcurl read it.
            raw_lines: The status line and each header line, as received; kept, so
                the caller must not change them. Lines of earlier heads (1xx, a
                proxy's) must not be among them.
        """
        made = cls.__new__(cls)
        made.url = url
        made.status_code = status_code
        made._raw_lines = raw_lines
        return made

    @property
    def raw_lines(self) -> Sequence[bytes]:
        """The status line and the header lines, as received; not to be changed."""
        return self._raw_lines

    @property
    def headers(self) -> HTTPHeaders:
        """The header fields."""
        headers = self._headers
        if headers is None:
            headers = self._headers = HTTPHeaders.parse(self._raw_lines[1:])
        return headers

    @property
    def http_version(self) -> str | None:
        """The version as the status line gives it, for instance ``HTTP/1.1``."""
        return self._status_line()[0] or None

    @property
    def reason_phrase(self) -> str:
        """The words after the status; empty on HTTP/2 and 3, which have none."""
        return self._status_line()[2]

    @property
    def mime_type(self) -> str | None:
        """The media type in lower case, without parameters; None if not told."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind or None

    @property
    def text_encoding_name(self) -> str | None:
        """The charset that the server names, in lower case; None if it names none."""
        content_type = self.headers.get("content-type", "")
        for parameter in content_type.split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'").lower() or None
        return None

    @property
    def expected_content_length(self) -> int:
        """How many bytes the body will have, or `TRANSFER_SIZE_UNKNOWN` (-1).

        Only advice: it comes from Content-Length. Of a response that was received it
        is unknown if the body is coded (gzip), whose decoded length nobody tells; of
        one that a program has made it is what the program says.
        """
        headers = self.headers
        if self._was_received:
            coding = headers.get("content-encoding", "identity").strip().lower()
            if coding not in ("", "identity") or "transfer-encoding" in headers:
                return TRANSFER_SIZE_UNKNOWN
        lengths = set(headers.get_all("content-length"))
        length = lengths.pop() if len(lengths) == 1 else ""
        # Digits of other scripts are digits to int() but not to HTTP.
        if not (length.isascii() and length.isdigit()):
            return TRANSFER_SIZE_UNKNOWN
        return int(length) if len(length) < 20 else TRANSFER_SIZE_UNKNOWN

    @property
    def suggested_filename(self) -> str:
        """A name to save the body under; never a path, never empty.

        What Content-Disposition says, else the last part of the URL's path, else its
        host; ``Unknown`` if the URL has no path at all. Slashes become ``_``; control
        characters and characters that change the direction of text are left out.

        Source: RFC 6266, RFC 8187.
        """
        disposition = self.headers.get("content-disposition")
        if disposition is not None:
            name = filename_from_disposition(disposition)
            if name is not None:
                return name
        return _filename_from_url(self.url)

    def value(self, name: str) -> str | None:
        """Return the value of a header field, or None if there is no such field."""
        return self.headers.get(name)

    @staticmethod
    def localized_string(status_code: int) -> str:
        """Return the words for a status, for instance ``Not Found``."""
        from http import HTTPStatus  # 2 ms that most programs never need

        try:
            return HTTPStatus(status_code).phrase
        except ValueError:
            return _CLASS_PHRASES.get(status_code // 100, "Unknown Status")

    def _identity(self) -> tuple[object, ...]:
        fields = tuple((name.lower(), value) for name, value in self.headers.items())
        return type(self), self.url, self.status_code, self.http_version, fields

    def __repr__(self) -> str:
        return f"HTTPURLResponse({without_password(self.url)!r}, {self.status_code})"

    def _status_line(self) -> tuple[str, str, str]:
        line = self._raw_lines[0].decode("latin-1").strip() if self._raw_lines else ""
        version, _, rest = line.partition(" ")
        status, _, reason = rest.strip().partition(" ")
        return version, status, reason.strip()


_CLASS_PHRASES = {
    1: "Informational",
    2: "Success",
    3: "Redirection",
    4: "Client Error",
    5: "Server Error",
}


def _filename_from_url(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # brackets that hold no address
        return "Unknown"
    path = parts.path
    if not path or (parts.scheme and not path.startswith("/")):  # data:, mailto:
        return "Unknown"
    last = path.rpartition("/")[2]
    return safe_filename(unquote(last)) or safe_filename(host) or "Unknown"
