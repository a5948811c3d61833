"""A reply that replaces itself: each part of it is a response of its own.

Decides what the response of a part is: the reply's status and fields, with the part's
own fields in the place of those that are about a body.

Source: Foundation's ``urlSession(_:dataTask:didReceive:completionHandler:)``, which is
called for each part of multipart/x-mixed-replace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from ..loading.mixed import PartReader, boundary_in
from ..response import HTTPURLResponse

if TYPE_CHECKING:
    from ..loading.mixed import PartHead

__all__ = ("PartReplies",)

_OF_THE_WHOLE = frozenset(
    (b"content-type", b"content-length", b"content-encoding", b"transfer-encoding")
)


class PartReplies:
    """The parts of one reply.

    Attributes:
        latest: The response of the part that comes now; None before the first.
    """

    def __init__(self, reply: HTTPURLResponse, boundary: str) -> None:
        self._reply = reply
        self._reader = PartReader(boundary)
        self.latest: HTTPURLResponse | None = None

    @classmethod
    def of(cls, reply: HTTPURLResponse) -> Self | None:
        """Return the parts of a reply; None if nothing says what separates them."""
        boundary = boundary_in(reply.value("Content-Type") or "")
        return None if boundary is None else cls(reply, boundary)

    def feed(self, data: bytes) -> Iterator[HTTPURLResponse | bytes]:
        """Yield the response of each part that begins, and pieces of its body.

        Raises:
            MixedReplaceError: The body is not what its type says.
        """
        for found in self._reader.feed(data):
            if isinstance(found, bytes):
                yield found
            else:
                self.latest = self._response_of(found)
                yield self.latest

    def finish(self) -> bytes:
        """Return what the last part still has, now that no more comes."""
        return self._reader.finish()

    def _response_of(self, head: PartHead) -> HTTPURLResponse:
        reply = self._reply
        own = {_name_of(line) for line in head}
        # As they came, unchecked: what a server writes is not for us to refuse.
        lines = [
            line
            for line in reply.raw_lines
            if line.strip()
            and (name := _name_of(line)) not in own
            and name not in _OF_THE_WHOLE
        ]
        return HTTPURLResponse.from_raw(reply.url, reply.status_code, [*lines, *head])


def _name_of(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()
