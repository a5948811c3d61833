"""What may be sent twice, and how the second time is refused."""

from __future__ import annotations

import pycurl
import pytest

from urlsession.loading.resend import OneSending, may_be_sent_again
from urlsession.request import URLRequest


@pytest.mark.parametrize(
    ("method", "headers", "may"),
    [
        ("GET", {}, True),
        ("HEAD", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("OPTIONS", {}, True),
        ("TRACE", {}, True),
        ("POST", {}, False),
        ("PATCH", {}, False),
        ("get", {}, True),
        ("MERGE", {}, False),
        ("POST", {"idempotency-key": '"a"'}, True),
    ],
)
def test_idempotent_requests_may(
    method: str, headers: dict[str, str], *, may: bool
) -> None:
    """By RFC 9110, or because the request says so."""
    request = URLRequest("http://a/", method=method, headers=headers)

    assert may_be_sent_again(request) is may


@pytest.mark.parametrize(
    ("has_reply", "second_port", "is_refused"),
    [(False, 2, True), (False, 1, False), (True, 2, False)],
    ids=["lost", "same-connection", "answered"],
)
def test_second_sending(has_reply: bool, second_port: int, is_refused: bool) -> None:
    """Refused on another connection only, and only if nothing was answered."""
    sending = OneSending(lambda: has_reply)

    first = sending("::1", "::1", 80, 1)
    second = sending("::1", "::1", 80, second_port)

    assert first == pycurl.PREREQFUNC_OK
    assert (second == pycurl.PREREQFUNC_ABORT) is is_refused
    assert sending.has_refused is is_refused
