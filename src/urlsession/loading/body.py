"""Where the bytes of a streamed request body come from.

Decides how a path, a file object or an iterable is read piece by piece, what its
length is, and whether it can be sent a second time, or from its middle. What may
block is read elsewhere, see `feed`; a regular file, a list and a `MultipartForm`
are read where libcurl asks. Of libcurl it knows the contract of the read and seek
callbacks only.
"""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

import pycurl

from .feed import Feed, checked_piece, close_generator

if TYPE_CHECKING:
    from ..request import BodyStream, FilePath
    from .feed import FeedSource

__all__ = ("BodyReader", "MakeFeed")

MakeFeed: TypeAlias = "Callable[[FeedSource], Feed]"

_READ_BYTES = 64 * 1024  # of a pipe at a time
_QUICK: tuple[type, ...] = (
    type(iter([0])),
    type(iter((0,))),
)  # iterators that never block


class BodyReader:
    """Reads one body, from its start or from its middle.

    Args:
        stream: A path, a binary file object, a `MultipartForm`, or an iterable or
            async iterable of bytes.
        make_feed: Makes what reads a source that may block; None to read every
            source where libcurl asks.
        offset: Bytes of the body to leave out.
        limit: Bytes to send at most; None for all.

    Attributes:
        length: Bytes that are left to send; None if that is not known.
        error: What reading raised; reading stops there.
        given_bytes: Bytes that libcurl was given since the start.
        is_waiting: Whether libcurl pauses until the source has more.

    Raises:
        OSError: A path cannot be opened.
        ValueError: The body is shorter than `offset`.
        io.UnsupportedOperation: It has to begin at `offset`, and cannot go there.
    """

    def __init__(
        self,
        stream: BodyStream,
        make_feed: MakeFeed | None = None,
        *,
        offset: int = 0,
        limit: int | None = None,
    ) -> None:
        self.error: BaseException | None = None
        self.length: int | None = None
        self.given_bytes = 0
        self.is_waiting = False
        self._make_feed = make_feed
        self._again: Iterable[bytes] | AsyncIterable[bytes] | None = None
        self._file: IO[bytes] | None = None
        self._owns_file = False
        self._pieces: Iterator[bytes] = iter(())
        self._feed: Feed | None = None
        self._left = memoryview(b"")
        self._start: int | None = None
        self._limit = limit
        self._open(stream)
        if offset:
            try:
                self._begin_at(offset)
            except BaseException:
                self.close()
                raise
        if limit is not None:
            self._shorten_to(limit)

    @property
    def can_rewind(self) -> bool:
        """Whether the body can be sent again."""
        return self._start is not None

    def rewind(self) -> None:
        """Go back to the start; only if `can_rewind`."""
        self.given_bytes = 0
        if self._again is not None:
            self._left = memoryview(b"")
            self._iterate(self._again)
        elif self._file is not None and self._start is not None:
            self._file.seek(self._start)

    def read_for_curl(self, size: int) -> bytes | int:
        """Return up to `size` bytes, empty at the end; libcurl's READFUNCTION."""
        if self._limit is not None:
            size = min(size, self._limit - self.given_bytes)
        try:
            piece = self._read(size) if size else b""
        except BaseException as error:  # user code, called from C: kept for the task
            self.error = error
            return int(pycurl.READFUNC_ABORT)
        self.is_waiting = piece is None
        if piece is None:
            return int(pycurl.READFUNC_PAUSE)
        self.given_bytes += len(piece)
        return piece

    def seek_for_curl(self, offset: int, origin: int) -> int:
        """Go back, for a request that libcurl sends again; its SEEKFUNCTION."""
        if origin != os.SEEK_SET or self._start is None:
            return int(pycurl.SEEKFUNC_CANTSEEK)
        if self._file is not None:
            self._file.seek(self._start + offset)
            self.given_bytes = offset
        elif offset == 0:
            self.rewind()
        else:
            return int(pycurl.SEEKFUNC_CANTSEEK)
        return int(pycurl.SEEKFUNC_OK)

    def close(self) -> None:
        """Close what was opened here, and generators."""
        if self._feed is not None:
            self._feed.close()
        close_generator(self._pieces)
        if self._owns_file and self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, stream: BodyStream) -> None:
        if hasattr(stream, "__fspath__"):
            # Unbuffered: libcurl asks for more at a time than a buffer holds.
            path = os.fspath(cast("FilePath", stream))
            file = open(path, "rb", buffering=0)  # noqa: SIM115  # closed by close()
            self._own(file)
            if not self.can_rewind and self._make_feed is not None:
                self._feed = self._make_feed(_read_pieces(file, closes=True))
                self._file = None
        elif hasattr(stream, "open_body"):
            self._own(stream.open_body())
        elif hasattr(stream, "read") and not hasattr(stream, "__aiter__"):
            source = cast("IO[bytes]", stream)
            self._measure(source)
            if not self.can_rewind and self._make_feed is not None:
                self._feed = self._make_feed(_read_pieces(source))
            else:
                self._file = source
        else:
            is_again = self._iterate(stream)
            if is_again:  # a list, say: it can be read again
                self._again = stream
                self._start = 0

    def _own(self, file: IO[bytes]) -> None:
        self._file = file
        self._owns_file = True
        self._measure(file)

    def _iterate(self, stream: Any) -> bool:
        """Begin to read an iterable; whether it gives a new iterator each time."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        if hasattr(stream, "__aiter__"):
            if self._make_feed is None:
                raise TypeError("an async iterable cannot be read here")
            source = aiter(stream)
            self._feed = self._make_feed(source)
            return source is not stream
        pieces = iter(stream)
        if self._make_feed is None or type(pieces) in _QUICK:
            self._pieces = pieces
        else:
            self._feed = self._make_feed(pieces)
        return pieces is not stream

    def _begin_at(self, offset: int) -> None:
        if self._file is None or self._start is None or self.length is None:
            raise io.UnsupportedOperation("the body can only be read from its start")
        if offset > self.length:
            raise ValueError(f"the body has {self.length} bytes, not {offset}")
        self._start += offset
        self.length -= offset
        self._file.seek(self._start)

    def _shorten_to(self, limit: int) -> None:
        self.length = limit if self.length is None else min(limit, self.length)

    def _read(self, size: int) -> bytes | None:
        if self._feed is not None:
            return self._feed.take(size)
        if self._file is not None:
            return checked_piece(self._file.read(size))
        while not self._left:
            try:
                self._left = memoryview(checked_piece(next(self._pieces)))
            except StopIteration:
                return b""
        piece, self._left = self._left[:size], self._left[size:]
        return bytes(piece)

    def _measure(self, file: IO[bytes]) -> None:
        try:
            self._start = file.tell()
            end = file.seek(0, io.SEEK_END)
            file.seek(self._start)
            self.length = end - self._start
        except (OSError, AttributeError, ValueError):  # a pipe, or a minimal object
            self._start = None


def _read_pieces(file: Any, *, closes: bool = False) -> Iterator[object]:
    """Read a pipe piece by piece, as much at a time as it has."""
    read = getattr(file, "read1", file.read)
    try:
        while piece := read(_READ_BYTES):
            yield piece
    finally:
        if closes:
            file.close()
