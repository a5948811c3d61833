"""The response of a part is the reply's, with what the part says of itself."""

from __future__ import annotations

from urlsession.response import HTTPURLResponse
from urlsession.tasks.part_replies import PartReplies

LINES = [
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Type: multipart/x-mixed-replace; boundary=B\r\n",
    b"Content-Length: 99\r\n",
    b"Server: camera\r\n",
    b"X-Number: 0\r\n",
    b"\r\n",
]


def parts_of(lines: list[bytes]) -> PartReplies | None:
    """Return the parts of a reply with these lines."""
    return PartReplies.of(HTTPURLResponse.from_raw("http://host/", 200, lines))


def test_part_has_the_replys_fields_and_its_own() -> None:
    """Those about a body are the part's alone."""
    parts = parts_of(LINES)
    assert parts is not None
    response, body = parts.feed(
        b"--B\r\nContent-Type: image/jpeg\r\nX-Number: 1\r\n\r\nimage\r\n"
    )

    assert isinstance(response, HTTPURLResponse)
    assert body == b"image"
    assert response.headers == {
        "Server": "camera",
        "Content-Type": "image/jpeg",
        "X-Number": "1",
    }
    assert (response.status_code, response.http_version) == (200, "HTTP/1.1")
    assert parts.latest is response


def test_reply_that_names_no_boundary_has_no_parts() -> None:
    """It is delivered as it is."""
    assert parts_of([LINES[0], b"Content-Type: multipart/x-mixed-replace\r\n"]) is None
