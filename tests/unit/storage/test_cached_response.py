"""What a cache keeps of a response comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from urlsession import CachedURLResponse, HTTPURLResponse, URLCache, URLResponse
from urlsession.storage.cached_response import Entry, StoragePolicy, raw_lines

URL = "http://host/"


def entry(**changes: Any) -> Entry:
    values: dict[str, Any] = {
        "url": URL,
        "status": 200,
        "lines": (b"HTTP/1.1 200 OK", b"Cache-Control: max-age=60"),
        "data": b"body",
        "requested_at": 1000.0,
        "stored_at": 1001.0,
    }
    return Entry(URL, (), "", **(values | changes))


@pytest.mark.parity("9:StoragePolicy")
def test_storage_policy_has_foundations_numbers() -> None:
    """And is reached through the cache, too."""
    assert [(one.name, one.value) for one in StoragePolicy] == [
        ("ALLOWED", 0),
        ("ALLOWED_IN_MEMORY_ONLY", 1),
        ("NOT_ALLOWED", 2),
    ]
    assert URLCache.StoragePolicy is StoragePolicy


@pytest.mark.parity("9:CachedURLResponse")
def test_cached_response_has_foundations_defaults() -> None:
    """And cannot be changed."""
    cached = CachedURLResponse(URLResponse(URL), b"")

    assert cached.user_info is None
    assert cached.storage_policy is StoragePolicy.ALLOWED
    with pytest.raises(AttributeError):
        cached.data = b"other"  # type: ignore[misc]  # the mistake under test


def test_response_is_made_anew_each_time() -> None:
    """A program that changes one changes nothing that is stored."""
    stored = entry()
    first = stored.response()
    assert isinstance(first, HTTPURLResponse)
    first.headers["Cache-Control"] = "no-store"

    second = stored.response("http://host/#part")

    assert isinstance(second, HTTPURLResponse)
    assert second.value("cache-control") == "max-age=60"
    assert (second.url, second.status_code) == ("http://host/#part", 200)
    assert (second.http_version, second.reason_phrase) == ("HTTP/1.1", "OK")


def test_response_of_another_kind_keeps_what_it_tells() -> None:
    """Type, charset and length."""
    response = URLResponse("data:x", "text/plain", 5, "utf-8")

    again = entry(status=0, lines=raw_lines(response)).response("data:x")

    assert type(again) is URLResponse
    assert again.mime_type == "text/plain"
    assert again.text_encoding_name == "utf-8"
    assert again.expected_content_length == 5


def test_lines_of_a_response_made_by_hand() -> None:
    """As a delegate makes one; without a version there is no status line."""
    response = HTTPURLResponse(URL, 200, headers={"X": "1", "Set-Cookie": "a"})

    assert raw_lines(response) == (b"", b"X: 1\r\n")


def test_lines_of_a_response_that_was_changed() -> None:
    """What is stored is what the program sees."""
    response = HTTPURLResponse.from_raw(URL, 200, (b"HTTP/2 200", b"a: 1", b"b: 2"))
    del response.headers["a"]

    assert raw_lines(response) == (b"HTTP/2 200", b"b: 2\r\n")


def test_validity_is_read_of_the_head() -> None:
    """From when the request was sent."""
    assert entry().validity.is_fresh(1059.9)
    assert not entry().validity.is_fresh(1060.0)
    assert not entry(status=0).validity.is_useful


def test_size_counts_more_than_the_body() -> None:
    """So that empty ones do not come for nothing."""
    assert entry(data=b"x" * 100).size - entry(data=b"").size == 100
    assert entry(data=b"").size > 256


def test_cached_responses_are_values() -> None:
    """When one was asked for does not count, and user info has no hash."""
    response = HTTPURLResponse(URL, 200)
    one = CachedURLResponse(response, b"x", {"a": 1}, requested_at=1.0)
    same = CachedURLResponse(HTTPURLResponse(URL, 200), b"x", {"a": 1})

    assert one == same
    assert hash(one) == hash(same)
    assert one != CachedURLResponse(response, b"y", {"a": 1})
    assert one != CachedURLResponse(response, b"x")
    assert one != CachedURLResponse(response, b"x", {"a": 1}, StoragePolicy.NOT_ALLOWED)
