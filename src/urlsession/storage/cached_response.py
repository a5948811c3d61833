"""A reply as a cache keeps it, and as a program sees it.

Decides what of a response survives (its head as raw lines, its body decoded) and how
large it counts. Must not know which cache keeps it, nor when it may be used.

Source: Foundation's ``CachedURLResponse``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..response import HTTPURLResponse, URLResponse
from .cache_rules import Validity, storable_lines, validity_of

__all__ = ("CachedURLResponse", "Entry", "StoragePolicy", "raw_lines")

_OVERHEAD_BYTES = 256  # what an entry takes besides its text; about


class StoragePolicy(enum.IntEnum):
    """Where a reply may be kept, with Apple's numbers."""

    ALLOWED = 0
    ALLOWED_IN_MEMORY_ONLY = 1
    NOT_ALLOWED = 2


@dataclass(frozen=True, slots=True)
class CachedURLResponse:
    """A response with its body, as it is stored in a `URLCache`.

    Attributes:
        response: The head.
        data: The body, decoded.
        user_info: Values of the program's own that are kept with it; on disk only if
            they can be written as JSON.
        storage_policy: Where it may be kept.
        requested_at: When the request for it was sent, in seconds since 1970; its age
            counts from there. None: when it is stored. Ours, not Foundation's; two
            that differ in nothing else are equal.

    Source: Foundation's ``CachedURLResponse``.
    """

    response: URLResponse
    data: bytes
    user_info: Mapping[str, object] | None = field(default=None, hash=False)
    storage_policy: StoragePolicy = StoragePolicy.ALLOWED
    requested_at: float | None = field(default=None, compare=False)


class Entry:
    """One stored reply; never changed once made.

    Attributes:
        key: Method and URL, see `URLCache`.
        names: The request's fields that select it, in lower case.
        variant: What these were, see `cache_rules.variant_of`.
        url: The URL that answered.
        status: The status; 0 if the response was none of HTTP.
        lines: The raw lines of its head, the status line first.
        data: The body.
        requested_at: When the request was sent, in seconds since 1970.
        stored_at: When it was stored.
        user_info: See `CachedURLResponse`.
        policy: Where it may be kept.
        validity: How long it may be used.
        size: The bytes that it counts for.
    """

    __slots__ = (
        "data",
        "key",
        "lines",
        "names",
        "policy",
        "requested_at",
        "size",
        "status",
        "stored_at",
        "url",
        "user_info",
        "validity",
        "variant",
    )

    def __init__(
        self,
        key: str,
        names: Sequence[str],
        variant: str,
        *,
        url: str,
        status: int,
        lines: tuple[bytes, ...],
        data: bytes,
        requested_at: float,
        stored_at: float,
        user_info: Mapping[str, object] | None = None,
        policy: StoragePolicy = StoragePolicy.ALLOWED,
        validity: Validity | None = None,
    ) -> None:
        self.key = key
        self.names = names
        self.variant = variant
        self.url = url
        self.status = status
        self.lines = lines
        self.data = data
        self.requested_at = requested_at
        self.stored_at = stored_at
        self.user_info = user_info
        self.policy = policy
        self.validity = validity or _validity(self)
        head_size = sum(map(len, lines))
        self.size = len(data) + head_size + len(key) + len(variant) + _OVERHEAD_BYTES

    def response(self, url: str | None = None) -> URLResponse:
        """Return the head anew: a program may change what it is given.

        Args:
            url: The URL that it is to name; None for the one that answered.
        """
        url = self.url if url is None else url
        if self.status:
            return HTTPURLResponse.from_raw(url, self.status, self.lines)
        head = HTTPURLResponse.from_raw(url, 200, self.lines)
        return URLResponse(
            url, head.mime_type, head.expected_content_length, head.text_encoding_name
        )

    def cached_response(self) -> CachedURLResponse:
        """Return it as a program sees it."""
        return CachedURLResponse(
            self.response(), self.data, self.user_info, self.policy, self.requested_at
        )


def raw_lines(response: URLResponse) -> tuple[bytes, ...]:
    """Return the lines of a response's head that are worth keeping."""
    if isinstance(response, HTTPURLResponse):
        version = response.http_version or ""
        first = f"{version} {response.status_code} {response.reason_phrase}".strip()
        if not version:
            first = ""
        lines = [first.encode("latin-1", "replace")]
        lines += [
            f"{name}: {value}\r\n".encode("latin-1", "replace")
            for name, value in response.headers.items()
        ]
        return storable_lines(lines)
    kind = response.mime_type or ""
    if response.text_encoding_name:
        kind += f"; charset={response.text_encoding_name}"
    lines = [b"", f"Content-Type: {kind}\r\n".encode("latin-1", "replace")]
    if response.expected_content_length >= 0:
        length = response.expected_content_length
        lines.append(f"Content-Length: {length}\r\n".encode("ascii"))
    return tuple(lines)


def _validity(entry: Entry) -> Validity:
    if not entry.status:  # nothing says how long it may be used
        return Validity(entry.requested_at, 0.0)
    headers = HTTPURLResponse.from_raw(entry.url, entry.status, entry.lines).headers
    return validity_of(entry.status, headers, entry.requested_at, entry.stored_at)
