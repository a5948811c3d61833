"""What is written of a response; the rest is in tests/loopback/test_fetch.py."""

from __future__ import annotations

from urlsession import HTTPURLResponse
from urlsession.cli.fetching.loader import head_bytes


def test_head_is_written_as_on_the_wire() -> None:
    """Order and repeats kept."""
    lines = [b"HTTP/1.1 404 Not Found\r\n", b"B: 1\r\n", b"A: \xe9\r\n", b"B: 2\r\n"]
    response = HTTPURLResponse.from_raw("http://host/", 404, [*lines, b"\r\n"])

    assert head_bytes(response) == b"".join([*lines, b"\r\n"])


def test_head_of_http_2_has_no_words_behind_the_status() -> None:
    """Nor a space that stands for them."""
    response = HTTPURLResponse.from_raw("http://host/", 200, [b"HTTP/2 200 \r\n"])

    assert head_bytes(response) == b"HTTP/2 200\r\n\r\n"
