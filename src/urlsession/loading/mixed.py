"""The parts of a multipart/x-mixed-replace body, as they come.

Decides where a part begins and ends. A part's bytes are passed on as soon as they
cannot be the beginning of a delimiter: an image is there when its last byte has come,
not when the next image begins. Pure; holds no more than a head.

Source: RFC 2046, section 5.1. What cameras send is taken too: lines that end in LF
alone, and delimiters whose two dashes stand in the boundary parameter already.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import TypeAlias

__all__ = ("HEAD_LIMIT", "MixedReplaceError", "PartHead", "PartReader", "boundary_in")

HEAD_LIMIT = 64 * 1024  # bytes of a part's head, and before the first part; ours
_PADDING_LIMIT = 256  # bytes after a delimiter on its line; ours

PartHead: TypeAlias = "list[bytes]"
"""The header lines of a part, as they came."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)


class MixedReplaceError(ValueError):
    """The body is not what its type says."""


class _State(enum.Enum):
    PREAMBLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()
    EPILOGUE = enum.auto()


def boundary_in(content_type: str) -> str | None:
    """Return what separates the parts; None if this is no such body."""
    kind = content_type.partition(";")[0].strip().lower()
    found = _BOUNDARY.search(content_type)
    if kind != "multipart/x-mixed-replace" or found is None:
        return None
    return found[1] or found[2]


class PartReader:
    """Takes one body apart.

    Args:
        boundary: The boundary parameter.
    """

    def __init__(self, boundary: str) -> None:
        name = boundary.encode("latin-1", "replace")
        self._delimiter = name if name.startswith(b"--") else b"--" + name
        self._state = _State.PREAMBLE
        # As if a line had ended: the first delimiter may be the first line.
        self._left = b"\n"

    def feed(self, data: bytes) -> Iterator[PartHead | bytes]:
        """Yield what `data` brings: a part's head, then pieces of its body.

        Raises:
            MixedReplaceError: A head is too long, or there is no part at all.
        """
        self._left += data
        is_stuck = False
        while not is_stuck and self._left:
            match self._state:
                case _State.PREAMBLE:
                    is_stuck = self._skip_preamble()
                case _State.HEAD:
                    head = self._take_head()
                    is_stuck = head is None
                    if head is not None:
                        yield head
                case _State.BODY:
                    piece, is_stuck = self._take_body()
                    if piece:
                        yield piece
                case _State.EPILOGUE:
                    self._left = b""

    def finish(self) -> bytes:
        """Return what the last part still has, now that no more comes."""
        left, self._left = self._left, b""
        return left if self._state is _State.BODY else b""

    def _skip_preamble(self) -> bool:
        found = self._find_delimiter()
        if found is None:
            if len(self._left) > HEAD_LIMIT:
                raise MixedReplaceError("no part begins where the first one should")
            return True
        self._pass_delimiter(*found)
        return False

    def _take_head(self) -> PartHead | None:
        left = self._left
        for blank in (b"\r\n", b"\n"):  # no field at all
            if left.startswith(blank):
                self._left, self._state = left[len(blank) :], _State.BODY
                return []
        ends = [
            (at, len(end))
            for end in (b"\r\n\r\n", b"\n\n")
            if (at := left.find(end)) >= 0
        ]
        if not ends:
            if len(left) > HEAD_LIMIT:
                raise MixedReplaceError(f"a part's head is over {HEAD_LIMIT} bytes")
            return None
        at, length = min(ends)
        self._left, self._state = left[at + length :], _State.BODY
        return [line.rstrip(b"\r") + b"\r\n" for line in left[:at].split(b"\n")]

    def _take_body(self) -> tuple[bytes, bool]:
        """Return (piece, whether more has to come before there is another)."""
        found = self._find_delimiter()
        if found is not None:
            piece = self._left[: found[0]]
            self._pass_delimiter(*found)
            return piece, False
        keep = self._kept_back()
        piece, self._left = self._left[:keep], self._left[keep:]
        return piece, True

    def _find_delimiter(self) -> tuple[int, int, bool] | None:
        """Return (where the part ends, where the line ends, whether it is the last)."""
        left, start = self._left, 0
        while (at := left.find(b"\n" + self._delimiter, start)) >= 0:
            start = at + 1
            after = start + len(self._delimiter)
            end = left.find(b"\n", after)
            rest = left[after : end if end >= 0 else None].strip(b" \t\r")
            is_last = rest.startswith(b"--")
            if is_last or (end >= 0 and not rest):
                begin = at - 1 if left[at - 1 : at] == b"\r" else at
                return begin, end + 1 if end >= 0 else len(left), is_last
        return None

    def _pass_delimiter(self, _begin: int, end: int, is_last: bool) -> None:
        self._left = self._left[end:]
        self._state = _State.EPILOGUE if is_last else _State.HEAD

    def _kept_back(self) -> int:
        """Return where what may be the beginning of a delimiter begins."""
        left, full = self._left, b"\n" + self._delimiter
        first = max(0, len(left) - len(full) - _PADDING_LIMIT)
        at = left.find(b"\n", first)
        while at >= 0:
            tail = left[at : at + len(full)]
            if full.startswith(tail) and b"\n" not in left[at + len(full) :]:
                break
            at = left.find(b"\n", at + 1)
        if at < 0:
            return len(left) - 1 if left.endswith(b"\r") else len(left)
        return at - 1 if left[at - 1 : at] == b"\r" else at
