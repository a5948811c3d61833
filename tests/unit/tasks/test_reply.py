"""What a reply makes of its bytes and its status."""

from __future__ import annotations

import json

import pytest

from urlsession.errors import URLError, URLErrorCode
from urlsession.response import HTTPURLResponse
from urlsession.tasks.reply import Reply

URL = "http://a.example/x"


def reply(data: bytes = b"", status: int = 200, kind: str | None = None) -> Reply:
    """Return a reply with a body, a status and a content type."""
    fields = {} if kind is None else {"Content-Type": kind}
    return Reply(data, HTTPURLResponse(URL, status, headers=fields))


def test_reply_unpacks_to_data_and_response() -> None:
    """As Foundation's tuple does."""
    data, response = one = reply(b"body", 201)

    assert data == b"body"
    assert response.status_code == one.status_code == 201


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ("é".encode(), None, "é"),
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
        ("é".encode("utf-16"), "text/plain; charset=UTF-16", "é"),
        (b"a\xffb", "text/plain; charset=utf-8", "a\ufffdb"),
        ("é".encode(), "text/plain; charset=x-unheard-of", "é"),
        (b"", None, ""),
    ],
    ids=["none", "no charset", "latin-1", "utf-16", "broken", "unknown", "empty"],
)
def test_text_is_decoded_by_the_charset(
    data: bytes, kind: str | None, text: str
) -> None:
    """UTF-8 without one; what cannot be decoded is replaced."""
    assert reply(data, kind=kind).text == text


def test_json_is_parsed_whatever_the_content_type() -> None:
    """The caller knows better than the server."""
    assert reply(b'{"a": [1, null]}', kind="text/html").json() == {"a": [1, None]}


@pytest.mark.parametrize("data", [b"", b"{", b"<html>"])
def test_body_that_is_no_json_is_a_value_error(data: bytes) -> None:
    """As the standard library's."""
    with pytest.raises(json.JSONDecodeError):
        reply(data).json()


@pytest.mark.parametrize("status", [200, 204, 304, 399])
def test_status_below_400_gives_the_reply_back(status: int) -> None:
    """For chaining."""
    one = reply(status=status)

    assert one.raise_for_status() is one


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, URLErrorCode.BAD_SERVER_RESPONSE),
        (401, URLErrorCode.USER_AUTHENTICATION_REQUIRED),
        (403, URLErrorCode.NO_PERMISSIONS_TO_READ_FILE),
        (404, URLErrorCode.FILE_DOES_NOT_EXIST),
        (500, URLErrorCode.BAD_SERVER_RESPONSE),
        (599, URLErrorCode.BAD_SERVER_RESPONSE),
    ],
)
def test_status_from_400_raises(status: int, code: URLErrorCode) -> None:
    """The message names status and address."""
    with pytest.raises(URLError, match=str(status)) as caught:
        reply(status=status).raise_for_status()

    assert caught.value.code is code
    assert caught.value.failing_url == URL
