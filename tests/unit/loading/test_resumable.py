"""What is asked of a resumable upload's server, and how its answers are read."""

from __future__ import annotations

import pytest

from urlsession.errors import URLError, URLErrorCode
from urlsession.loading import resumable
from urlsession.loading.resumable import Offer
from urlsession.request import URLRequest
from urlsession.response import HTTPURLResponse

URL = "https://host/files"
REQUEST = URLRequest(
    URL,
    method="POST",
    headers={
        "Authorization": "secret",
        "Content-Type": "image/png",
        "Content-Length": "9",
        "X-Mine": "1",
    },
    body=b"body",
)
GOOD = {"Location": "/up/1", "Upload-Draft-Interop-Version": "8"}


def response(status: int, **fields: str) -> HTTPURLResponse:
    """Return a response."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return HTTPURLResponse(URL, status, "HTTP/1.1", named)


def test_creation_asks_and_changes_nothing_else() -> None:
    """A server that knows nothing of it sees an ordinary upload."""
    made = resumable.creation_request(REQUEST)

    assert made.value("Upload-Complete") == "?1"
    assert made.value("Upload-Draft-Interop-Version") == "8"
    assert (made.http_method, made.http_body) == ("POST", b"body")
    assert REQUEST.value("Upload-Complete") is None


def test_offset_is_asked_by_head() -> None:
    """With the user's own fields, without those of the body."""
    made = resumable.offset_request(REQUEST, Offer("https://host/up/1"))

    assert (made.http_method, made.url) == ("HEAD", "https://host/up/1")
    assert (made.http_body, made.http_body_stream) == (None, None)
    assert made.value("Authorization") == "secret"
    assert made.value("X-Mine") == "1"
    assert made.value("Content-Type") is None
    assert made.value("Upload-Complete") is None


@pytest.mark.parametrize(("is_last", "complete"), [(True, "?1"), (False, "?0")])
def test_append_says_where_and_whether_it_is_the_end(
    *, is_last: bool, complete: str
) -> None:
    """The draft's section on appending."""
    made = resumable.append_request(
        REQUEST, Offer("https://host/up/1"), 7, is_last=is_last
    )

    assert made.http_method == "PATCH"
    assert made.value("Upload-Offset") == "7"
    assert made.value("Upload-Complete") == complete
    assert made.value("Content-Type") == "application/partial-upload"
    assert made.value("Content-Length") is None


def test_secrets_do_not_go_to_another_origin() -> None:
    """The server may name any URL."""
    made = resumable.offset_request(REQUEST, Offer("https://elsewhere/up/1"))

    assert made.value("Authorization") is None


@pytest.mark.parametrize(
    ("status", "fields", "offer"),
    [
        (104, GOOD, Offer("https://host/up/1")),
        (104, GOOD | {"Location": "https://b/x"}, Offer("https://b/x")),
        (104, GOOD | {"Location": "http://host/x"}, None),
        (104, GOOD | {"Location": "ftp://host/x"}, None),
        (104, GOOD | {"Upload-Draft-Interop-Version": "6"}, None),
        (104, {"Location": "/up/1"}, None),
        (104, {"Upload-Draft-Interop-Version": "8"}, None),
        (103, GOOD, None),
        (
            104,
            GOOD | {"Upload-Limit": "max-size=9, max-append-size=5"},
            Offer("https://host/up/1", 5),
        ),
        (104, GOOD | {"Upload-Limit": "max-append-size=x"}, Offer("https://host/up/1")),
    ],
    ids=[
        "relative",
        "elsewhere",
        "downgrade",
        "scheme",
        "other-version",
        "no-version",
        "no-location",
        "other-status",
        "limit",
        "bad-limit",
    ],
)
def test_offer_is_read(
    status: int, fields: dict[str, str], offer: Offer | None
) -> None:
    """A 104 of our version that says where."""
    found = resumable.offer_in(HTTPURLResponse(URL, status, None, fields), URL)

    assert found == offer


@pytest.mark.parametrize(
    ("value", "offset"),
    [("0", 0), ("123", 123), ("-1", None), ("1.5", None), ("", None), ("1" * 16, None)],
)
def test_offset_is_a_structured_integer(value: str, offset: int | None) -> None:
    """Other values are ignored."""
    assert resumable.offset_in(response(204, Upload_Offset=value)) == offset


@pytest.mark.parametrize(
    ("found", "is_partial"),
    [
        (response(204, Upload_Complete="?0"), True),
        (response(409, Upload_Offset="5"), True),
        (response(409), False),
        (response(200, Upload_Complete="?1"), False),
        (response(500, Upload_Complete="?1"), False),
        (response(200), False),
        (response(404), False),
    ],
    ids=["piece", "conflict", "409", "reply", "failed", "plain", "gone"],
)
def test_reply_is_told_from_an_answer_in_between(
    found: HTTPURLResponse, *, is_partial: bool
) -> None:
    """What asks for more is not the upload's response."""
    assert resumable.is_partial(found) is is_partial


@pytest.mark.parametrize(
    ("code", "is_interruption"),
    [
        (URLErrorCode.NETWORK_CONNECTION_LOST, True),
        (URLErrorCode.BAD_SERVER_RESPONSE, True),
        (URLErrorCode.TIMED_OUT, False),
        (URLErrorCode.CANCELLED, False),
        (URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED, False),
    ],
)
def test_lost_connection_is_an_interruption(
    code: URLErrorCode, *, is_interruption: bool
) -> None:
    """A time-out is the user's own limit."""
    assert resumable.is_interruption(URLError(code)) is is_interruption


def test_tries_wait_longer_and_longer() -> None:
    """The first not at all."""
    delays = [resumable.delay_s(n) for n in range(resumable.MAXIMUM_TRIES)]

    assert delays[0] == 0.0
    assert delays == sorted(set(delays))
    assert sum(delays) < 10


def test_user_who_speaks_the_protocol_is_left_alone() -> None:
    """Their fields are theirs."""
    assert not resumable.speaks_for_itself(REQUEST)
    assert resumable.speaks_for_itself(resumable.creation_request(REQUEST))
