"""A handler that serves one body, whole or from an offset, and may break off."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from urlsession.testing import ReceivedRequest, ServerConnection

__all__ = ("RangeServer", "left_files", "pattern")

ETAG = '"v1"'


def pattern(length: int) -> bytes:
    """Return bytes in which no piece looks like another."""
    words = (b"%015x\n" % number for number in range(length // 16 + 1))
    return b"".join(words)[:length]


def left_files(folder: Path) -> list[str]:
    """Return the names of what downloads left in their folder."""
    return sorted(one.name for one in folder.iterdir())


class RangeServer:
    """Serves `body` by RFC 9110, sections 13.1.5 and 14; the test may change anything.

    Attributes:
        body: What is served.
        etag: Its entity tag; None for none.
        fields: Further header fields of every response.
        cuts: After how many bytes of the body to close, for one request after the
            other; when there are no more, bodies are whole.
        answer: Called instead of serving; returns False to serve after all.
        requests: What came.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.etag: str | None = ETAG
        self.fields: list[tuple[str, str]] = [("Accept-Ranges", "bytes")]
        self.cuts: list[int] = []
        self.answer: Callable[[ServerConnection, ReceivedRequest], bool] | None = None
        self.requests: list[ReceivedRequest] = []

    @property
    def ranges(self) -> list[str | None]:
        """The Range of each request."""
        return [one.header("Range") for one in self.requests]

    def __call__(self, connection: ServerConnection) -> None:
        while request := connection.recv_request():
            self.requests.append(request)
            if self.answer is not None and self.answer(connection, request):
                return
            if not self._serve(connection, request):
                return

    def _serve(self, connection: ServerConnection, request: ReceivedRequest) -> bool:
        status, start = 200, 0
        fields = list(self.fields)
        if self.etag is not None:
            fields.append(("ETag", self.etag))
        asked = re.fullmatch(r"bytes=(\d+)-", request.header("Range") or "")
        if asked and request.header("If-Range") in (None, self.etag):
            start = int(asked[1])
            status = 206 if start < len(self.body) else 416
        if status == 206:
            last = len(self.body) - 1
            fields.append(("Content-Range", f"bytes {start}-{last}/{last + 1}"))
        if status == 416:
            fields.append(("Content-Range", f"bytes */{len(self.body)}"))
            connection.send_response(416, fields)
            return True
        body = self.body[start:]
        lines = [f"HTTP/1.1 {status} OK", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in fields]
        connection.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        cut = self.cuts.pop(0) if self.cuts else None
        connection.send(body[:cut])
        return cut is None
