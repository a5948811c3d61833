"""When a download can go on: the rules, row by row."""

from __future__ import annotations

import pytest

from urlsession.request import URLRequest
from urlsession.response import HTTPURLResponse
from urlsession.tasks.download_state import DownloadState
from urlsession.tasks.resumption import (
    Answer,
    Validators,
    judge,
    range_fields,
    total_length,
    validators,
)

URL = "http://host/file"
MODIFIED = "Tue, 01 Sep 2026 10:00:00 GMT"
SECOND_LATER = "Tue, 01 Sep 2026 10:00:01 GMT"
MODIFIED_S = 1788256800.0  # the same in seconds since the epoch
RANGES = ("Accept-Ranges", "bytes")
TAG = ("ETag", '"a"')
LAST = ("Last-Modified", MODIFIED)


def response(status_code: int, *fields: tuple[str, str]) -> HTTPURLResponse:
    """Return a response."""
    return HTTPURLResponse(URL, status_code, headers=fields)


@pytest.mark.parametrize(
    ("status_code", "fields", "found"),
    [
        (200, [RANGES, TAG], Validators('"a"', None)),
        (200, [("Accept-Ranges", "none, Bytes"), TAG], Validators('"a"', None)),
        (206, [TAG], Validators('"a"', None)),
        (200, [RANGES, TAG, LAST, ("Date", SECOND_LATER)], Validators('"a"', MODIFIED)),
        (200, [RANGES, LAST, ("Date", SECOND_LATER)], Validators(None, MODIFIED)),
        (200, [RANGES, LAST], Validators(None, MODIFIED)),  # by our own clock
        (200, [RANGES, LAST, ("Date", MODIFIED)], None),
        (200, [RANGES, LAST, ("Date", "soon")], None),
        (200, [RANGES, ("Last-Modified", "lately")], None),
        (200, [RANGES, ("ETag", 'W/"a"')], None),
        (200, [RANGES, ("ETag", "a")], None),
        (200, [RANGES, ("ETag", '"')], None),
        (200, [RANGES], None),
        (200, [TAG], None),
        (200, [("Accept-Ranges", "none"), TAG], None),
        (200, [RANGES, TAG, ("Content-Encoding", "gzip")], None),
        (200, [RANGES, TAG, ("Content-Encoding", "Identity")], Validators('"a"', None)),
        (404, [RANGES, TAG], None),
        (416, [RANGES, TAG], None),
    ],
)
def test_validators_of_a_response(
    status_code: int, fields: list[tuple[str, str]], found: Validators | None
) -> None:
    """Strong ones only, of a body that can be had in part."""
    made = response(status_code, *fields)

    assert validators(URLRequest(URL), made, MODIFIED_S + 1) == found


def test_request_must_be_a_get_for_all() -> None:
    """Another method, or a range of the user's own, cannot be continued."""
    made = response(200, RANGES, TAG)
    ranged = URLRequest(URL, headers={"range": "bytes=1-"})

    assert validators(URLRequest(URL, method="POST"), made, 0) is None
    assert validators(ranged, made, 0) is None


def state(total: int = 100, etag: str | None = '"a"') -> DownloadState:
    """Return where a download stands that has its first 40 bytes."""
    return DownloadState(
        original_url=URL,
        current_url=URL,
        method="GET",
        headers=(),
        offset=40,
        path="/file",
        etag=etag,
        last_modified=MODIFIED,
        total=total,
        created_at="",
    )


def test_tag_comes_before_date() -> None:
    """One validator: the better one."""
    assert range_fields(state()) == [("Range", "bytes=40-"), ("If-Range", '"a"')]
    assert range_fields(state(etag=None))[1] == ("If-Range", MODIFIED)


@pytest.mark.parametrize(
    ("status_code", "content_range", "total", "answer"),
    [
        (206, "bytes 40-99/100", 100, Answer.CONTINUES),
        (206, "Bytes 40-99/100", 100, Answer.CONTINUES),
        (206, "bytes 40-99/*", 100, Answer.CONTINUES),
        (206, "bytes 40-99/100", -1, Answer.CONTINUES),
        (206, "bytes 40-99/*", -1, Answer.CONTINUES),
        (206, "bytes 39-99/100", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 41-99/100", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 40-98/100", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 40-98/*", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 40-98/100", -1, Answer.DOES_NOT_FIT),
        (206, "bytes 40-100/101", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 40-39/40", -1, Answer.DOES_NOT_FIT),
        (206, "lines 40-99/100", 100, Answer.DOES_NOT_FIT),
        (206, "bytes 40-99", 100, Answer.DOES_NOT_FIT),
        (206, "", 100, Answer.DOES_NOT_FIT),
        (416, "bytes */40", 100, Answer.DOES_NOT_FIT),
        (200, "", 100, Answer.STARTS_OVER),
        (204, "", 100, Answer.STARTS_OVER),
        (304, "", 100, Answer.IS_OTHER),
        (404, "", 100, Answer.IS_OTHER),
        (503, "bytes 40-99/100", 100, Answer.IS_OTHER),
    ],
)
def test_answers_are_judged(
    status_code: int, content_range: str, total: int, answer: Answer
) -> None:
    """By status and Content-Range."""
    made = response(status_code, ("Content-Range", content_range))

    assert judge(state(total), made) is answer


@pytest.mark.parametrize(
    "field",
    [
        ("ETag", '"b"'),
        ("ETag", 'W/"a"'),
        ("Content-Length", "59"),
        ("Content-Encoding", "gzip"),
    ],
)
def test_answer_that_contradicts_itself_does_not_fit(field: tuple[str, str]) -> None:
    """Another entity, another length, another coding."""
    made = response(206, ("Content-Range", "bytes 40-99/100"), field)

    assert judge(state(), made) is Answer.DOES_NOT_FIT


def test_total_length() -> None:
    """Of a part, what its Content-Range says of the whole."""
    part = response(206, ("Content-Range", "bytes 4-9/10"), ("Content-Length", "6"))
    unknown = response(206, ("Content-Range", "bytes 4-9/*"), ("Content-Length", "6"))

    assert total_length(part) == 10
    assert total_length(unknown) == -1
    assert total_length(response(200, ("Content-Length", "7"))) == 7
