"""When a download can go on where it ended: pure rules about requests and responses.

Decides which responses can be continued, what is asked for, and what an answer to
that means. Must not know files.

Source: RFC 9110, sections 8.8 (validators), 13.1.5 (If-Range) and 14 (ranges).
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..response import HTTPURLResponse
    from .download_state import DownloadState

__all__ = (
    "Answer",
    "Validators",
    "judge",
    "range_fields",
    "total_length",
    "validators",
)

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.IGNORECASE)


class Answer(enum.Enum):
    """What a response to a request for the rest means."""

    CONTINUES = enum.auto()
    """The rest follows, of the same representation."""
    STARTS_OVER = enum.auto()
    """All of it follows, from its beginning: it has changed, or cannot be split."""
    DOES_NOT_FIT = enum.auto()
    """Nothing that can be used: ask for all of it."""
    IS_OTHER = enum.auto()
    """Something else, an error's page for instance; what is there stays good."""


class Validators(NamedTuple):
    """What tells one representation from another.

    Attributes:
        etag: A strong entity tag, or None.
        last_modified: Last-Modified, if it is a strong validator, or None.
    """

    etag: str | None
    last_modified: str | None


def validators(
    request: URLRequest, response: HTTPURLResponse, now: float
) -> Validators | None:
    """Return what a continuation could name; None if there can be none.

    It takes a GET for the whole of it, a 200 (or the 206 to our own request for the
    rest) without a content coding, ``Accept-Ranges: bytes``, and a strong validator.

    Args:
        request: What was asked for, without our own Range.
        response: What came.
        now: Seconds since the epoch, for a response without a Date.
    """
    if request.http_method != "GET" or request.value("Range") is not None:
        return None
    if response.status_code not in (200, 206):
        return None
    coding = (response.value("Content-Encoding") or "").strip().lower()
    if coding not in ("", "identity"):
        return None
    units = (response.value("Accept-Ranges") or "").lower().split(",")
    if response.status_code == 200 and "bytes" not in [one.strip() for one in units]:
        return None
    found = Validators(
        _strong_etag(response.value("ETag")),
        _strong_date(response.value("Last-Modified"), response.value("Date"), now),
    )
    return found if found != (None, None) else None


def range_fields(resume: DownloadState) -> list[tuple[str, str]]:
    """Return the header fields that ask for the rest, if nothing has changed."""
    validator = resume.etag or resume.last_modified or ""
    return [("Range", f"bytes={resume.offset}-"), ("If-Range", validator)]


def judge(resume: DownloadState, response: HTTPURLResponse) -> Answer:
    """Say what an answer to `range_fields` means."""
    status_code = response.status_code
    if status_code == 206:
        return Answer.CONTINUES if _fits(resume, response) else Answer.DOES_NOT_FIT
    if status_code == 416:
        return Answer.DOES_NOT_FIT
    return Answer.STARTS_OVER if 200 <= status_code < 300 else Answer.IS_OTHER


def total_length(response: HTTPURLResponse) -> int:
    """Return the length of the whole representation in bytes; -1 if not known."""
    if response.status_code != 206:
        return response.expected_content_length
    found = _CONTENT_RANGE.fullmatch((response.value("Content-Range") or "").strip())
    return int(found[3]) if found is not None and found[3] != "*" else -1


def _fits(resume: DownloadState, response: HTTPURLResponse) -> bool:
    found = _CONTENT_RANGE.fullmatch((response.value("Content-Range") or "").strip())
    if found is None:  # also of a body in several parts
        return False
    first, last = int(found[1]), int(found[2])
    total = resume.total if found[3] == "*" else int(found[3])
    if first != resume.offset or last < first:
        return False
    if resume.total >= 0 and total != resume.total:
        return False
    # A server may send less than it was asked for; then some would be missing.
    if total >= 0 and last != total - 1:
        return False
    length = response.expected_content_length
    if length not in (-1, last - first + 1):
        return False
    coding = (response.value("Content-Encoding") or "identity").strip().lower()
    if coding != "identity":
        return False
    etag = response.value("ETag")
    # It must be there after an If-Range that held, but not every server knows.
    return resume.etag is None or etag is None or etag.strip() == resume.etag


def _strong_etag(value: str | None) -> str | None:
    tag = (value or "").strip()
    return tag if len(tag) > 1 and tag[0] == tag[-1] == '"' else None


def _strong_date(modified: str | None, date: str | None, now: float) -> str | None:
    """Return Last-Modified if nothing can have changed again in the same second."""
    modified_s = _seconds(modified)
    date_s = now if date is None else _seconds(date)
    if modified is None or modified_s is None or date_s is None:
        return None
    return modified.strip() if date_s >= modified_s + 1 else None


def _seconds(value: str | None) -> float | None:
    from email.utils import parsedate_to_datetime  # 5 ms that only downloads need

    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
