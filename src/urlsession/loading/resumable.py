"""Resumable uploads: which requests are sent, and what answers mean.

Pure. Decides how an upload offers to be resumed, what counts as the server's
agreement, which request asks for the offset, which one appends, and how long to wait
before the next try. Knows neither tasks nor files.

Source: draft-ietf-httpbis-resumable-upload (interop version 8, which the drafts since
-08 have). A server that speaks another version answers as if nothing had been asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ..errors import URLError, URLErrorCode
from ..request import CachePolicy
from ..url import parse_url
from .redirect import without_body_fields, without_secrets

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..response import HTTPURLResponse

__all__ = (
    "MAXIMUM_TRIES",
    "UPLOAD_RESUMPTION_SUPPORTED",
    "Offer",
    "append_request",
    "creation_request",
    "delay_s",
    "is_completed",
    "is_interruption",
    "is_partial",
    "offer_in",
    "offset_in",
    "offset_request",
    "speaks_for_itself",
)

INTEROP_VERSION = "8"
UPLOAD_RESUMPTION_SUPPORTED = 104
MAXIMUM_TRIES = 5  # in a row that brought the upload no byte further; ours
_FIRST_DELAY_S = 0.25  # before the second try in a row; doubles each time; ours

_COMPLETE = "Upload-Complete"
_LIMIT = "Upload-Limit"
_OFFSET = "Upload-Offset"
_VERSION = "Upload-Draft-Interop-Version"
_PARTIAL = "application/partial-upload"

_INTEGER = re.compile(r"[0-9]{1,15}")  # RFC 9651, section 3.3.1
_MEMBER = re.compile(r"max-append-size\s*=\s*([0-9]{1,15})\s*(?:[;,]|$)")

_LOST = frozenset(
    (
        URLErrorCode.NETWORK_CONNECTION_LOST,
        URLErrorCode.CANNOT_CONNECT_TO_HOST,
        URLErrorCode.CANNOT_FIND_HOST,
        URLErrorCode.DNS_LOOKUP_FAILED,
        URLErrorCode.NOT_CONNECTED_TO_INTERNET,
        URLErrorCode.BAD_SERVER_RESPONSE,  # closed before the reply's head was there
    )
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A server's offer to go on with an upload that was interrupted.

    Attributes:
        url: The upload resource: asked for the offset, and appended to.
        maximum_append_bytes: The most that one request may append; None for no limit.
    """

    url: str
    maximum_append_bytes: int | None = None


def speaks_for_itself(request: URLRequest) -> bool:
    """Whether the user speaks the protocol, so that nobody else must."""
    return request.value(_COMPLETE) is not None


def creation_request(request: URLRequest) -> URLRequest:
    """Return the request that sends the whole body and asks to be resumable."""
    made = request.copy()
    made.set_value(_COMPLETE, "?1")
    made.set_value(_VERSION, INTEROP_VERSION)
    return made


def offset_request(request: URLRequest, offer: Offer) -> URLRequest:
    """Return the request that asks how much of the body has arrived."""
    made = _to_resource(request, offer)
    made.http_method = "HEAD"
    made.cache_policy = CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA
    return made


def append_request(
    request: URLRequest, offer: Offer, offset: int, *, is_last: bool
) -> URLRequest:
    """Return the request, without its body, that appends at `offset`."""
    made = _to_resource(request, offer)
    made.http_method = "PATCH"
    made.set_value("Content-Type", _PARTIAL)
    made.set_value(_OFFSET, str(offset))
    made.set_value(_COMPLETE, "?1" if is_last else "?0")
    return made


def offer_in(response: HTTPURLResponse, url: str) -> Offer | None:
    """Return the offer that an informational response makes; None if it makes none.

    Args:
        response: A 104 response, or another one.
        url: The URL of the request that it belongs to.
    """
    location = response.value("Location")
    if (
        response.status_code != UPLOAD_RESUMPTION_SUPPORTED
        or response.value(_VERSION) != INTEROP_VERSION
        or not location
    ):
        return None
    target = urljoin(url, location.strip())
    try:
        scheme = parse_url(target).scheme
    except (ValueError, URLError):
        return None
    if scheme != "https" and parse_url(url).scheme == "https":
        return None  # what was encrypted stays so
    limit = _MEMBER.search(response.value(_LIMIT) or "")
    size = int(limit[1]) if limit else 0
    return Offer(target, size or None)


def offset_in(response: HTTPURLResponse) -> int | None:
    """Return the offset that a response tells; None if it tells none."""
    value = response.value(_OFFSET)
    return int(value) if value is not None and _INTEGER.fullmatch(value) else None


def is_completed(response: HTTPURLResponse) -> bool:
    """Whether the server has all of the body."""
    return response.value(_COMPLETE) == "?1"


def is_partial(response: HTTPURLResponse) -> bool:
    """Whether a response to an append asks for more, instead of being the reply.

    It does if something was appended that was not the rest, and if the server is at
    another offset.
    """
    if is_completed(response):
        return False
    status = response.status_code
    if 200 <= status < 300:
        return response.value(_COMPLETE) == "?0"
    return status == 409 and offset_in(response) is not None


def is_interruption(error: URLError) -> bool:
    """Whether a failure left the server with part of the body."""
    return error.code in _LOST


def delay_s(tries: int) -> float:
    """Return how long to wait before a try, in seconds.

    Args:
        tries: Tries in a row, before this one, that brought no byte.
    """
    return 0.0 if tries == 0 else _FIRST_DELAY_S * 2.0 ** (tries - 1)


def _to_resource(request: URLRequest, offer: Offer) -> URLRequest:
    made = request.copy()
    made.url = offer.url
    made.http_body = None
    without_body_fields(made)
    for name in (_COMPLETE, _OFFSET):
        made.set_value(name, None)
    if parse_url(offer.url).origin != request.parts.origin:
        without_secrets(made)
    made.set_value(_VERSION, INTEROP_VERSION)
    return made
