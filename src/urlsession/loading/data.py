"""``data:`` URLs, whose body is in the URL itself.

Decides how the parts are read; what is broken is ``BAD_URL``.

Source: RFC 2397; what it leaves open as the WHATWG Fetch standard has it (white space
and missing padding in base64 are no error).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import URLError, URLErrorCode
from ..response import URLResponse
from .local import LocalLoad

__all__ = ("DataLoad", "DataURL", "parse_data_url")

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MEDIA_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_WHITE_SPACE = re.compile(rb"[ \t\n\f\r]+")
_SHOWN_SIZE = 60  # characters of a URL in a message: it may hold a whole film


class DataURL(NamedTuple):
    """What a ``data:`` URL holds.

    The charset is the one that it names, else None: Foundation does not tell of the
    US-ASCII that RFC 2397 has for a URL without a type.
    """

    mime_type: str
    charset: str | None
    data: bytes


def parse_data_url(url: str) -> DataURL:
    """Take a ``data:`` URL apart.

    Raises:
        URLError: ``BAD_URL``: it has no comma, its type is none, or its data cannot be
            decoded.
    """
    head, comma, body = url.partition("#")[0].partition(":")[2].partition(",")
    if not comma:
        raise _bad_url(url, "it has no comma before its data")
    if _BROKEN_ESCAPE.search(body):
        raise _bad_url(url, "its data has a % that is no escape")
    kind, *parameters = (one.strip() for one in head.split(";"))
    is_base64 = bool(parameters) and parameters[-1].lower() == "base64"
    if is_base64:
        parameters.pop()
    mime_type, charset = _type_of(url, kind, parameters)
    return DataURL(mime_type, charset, _decoded(url, body, is_base64=is_base64))


def _type_of(url: str, kind: str, parameters: list[str]) -> tuple[str, str | None]:
    from urllib.parse import unquote  # 2 ms for a program whose URLs are plain

    mime_type = unquote(kind).lower()
    charset = None
    for parameter in parameters:  # one without a value says nothing
        name, _, value = parameter.partition("=")
        if charset is None and name.strip().lower() == "charset":
            charset = unquote(value).strip().strip('"').lower() or None
    if mime_type and not _MEDIA_TYPE.fullmatch(mime_type):
        raise _bad_url(url, f"{kind!r} is not a media type")
    return mime_type or "text/plain", charset


def _decoded(url: str, body: str, *, is_base64: bool) -> bytes:
    from urllib.parse import unquote_to_bytes

    try:
        data = unquote_to_bytes(body)
    except UnicodeEncodeError:  # half a surrogate pair is no character
        raise _bad_url(url, "it holds a lone surrogate") from None
    if not is_base64:
        return data
    import base64

    data = _WHITE_SPACE.sub(b"", data)
    if len(data) % 4 == 0:
        data = data[:-2] + data[-2:].rstrip(b"=")
    if b"=" in data:  # Python's decoder takes padding that nothing needs
        raise _bad_url(url, "its base64 has padding where none belongs")
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except ValueError as error:
        raise _bad_url(url, f"its base64 cannot be decoded: {error}") from error


def _bad_url(url: str, reason: str) -> URLError:
    shown = url if len(url) <= _SHOWN_SIZE else f"{url[:_SHOWN_SIZE]}…"
    return URLError(
        URLErrorCode.BAD_URL, f"data: URL cannot be read: {reason}", failing_url=shown
    )


class DataLoad(LocalLoad):
    """Loads a ``data:`` URL, at once."""

    def start(self) -> None:
        """See `LocalLoad`."""
        url = self.request.url
        mime_type, charset, data = parse_data_url(url)
        self.offer_response(URLResponse(url, mime_type, len(data), charset))
        if data and self.request.http_method != "HEAD":
            self.offer_data(data)
        self.offer_end()
