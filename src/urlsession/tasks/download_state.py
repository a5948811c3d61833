"""Where a download stands: what its resume data say.

Decides the fields, and that none is a password: no user information in URLs, no header
field whose name speaks of credentials. The form of the bytes is `resume_data`'s
business. Must not touch the file that it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from ..errors import UsageError
from .resume_data import seal, unseal

__all__ = ("DownloadState", "kept_headers", "without_user")

KIND = "download"
VERSION = 1
_USER = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://)[^/?#]*@")
_SECRET = re.compile(
    r"auth|cookie|credential|key|passw|secret|session|signature|token", re.IGNORECASE
)
_OF_A_RANGE = frozenset(("range", "if-range"))  # made anew when a download goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadState:
    """Where a download stands.

    Attributes:
        original_url: The URL as it was asked for, without user and password.
        current_url: The URL that answered, after redirects, likewise.
        method: The request's method; ``GET``.
        headers: The request's own fields, as (name, value) pairs; no credentials.
        offset: Bytes that are in the file.
        path: The temporary file.
        etag: Strong entity tag; None if the server gave none.
        last_modified: Last-Modified, if it can validate; None otherwise.
        total: Length of the whole body in bytes; -1 if not known.
        created_at: When this was made, in ISO 8601.
    """

    original_url: str
    current_url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    offset: int
    path: str
    etag: str | None
    last_modified: str | None
    total: int
    created_at: str

    def to_bytes(self) -> bytes:
        """Return the resume data."""
        return seal(KIND, VERSION, asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> DownloadState:
        """Read resume data.

        Raises:
            TypeError: `data` is not bytes.
            UsageError: It is no resume data of a download, was changed, or is of
                another version.
        """
        fields = unseal(data, KIND, VERSION)
        try:
            fields["headers"] = tuple(
                (name, value) for name, value in fields["headers"]
            )
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the resume data is not complete: {error}") from error


def without_user(url: str) -> str:
    """Return `url` without user and password."""
    return _USER.sub(r"\1", url)


def kept_headers(items: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a request that resume data may hold."""
    return tuple(
        (name, value)
        for name, value in items
        if _SECRET.search(name) is None and name.lower() not in _OF_A_RANGE
    )
