"""Where the bytes of a streamed request body come from.

Decides how a path, a file object or an iterable is read piece by piece, what its
length is, and whether it can be sent a second time. Of libcurl it knows the
contract of the read and seek callbacks only.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, cast

import pycurl

if TYPE_CHECKING:
    from ..request import BodyStream, FilePath

__all__ = ("BodyReader",)


class BodyReader:
    """Reads one body from its start.

    Args:
        stream: A path, a binary file object, or an iterable of bytes.

    Attributes:
        length: Bytes that are left to send; None if that is not known.
        error: What reading raised; reading stops there.
        given_bytes: Bytes that libcurl was given since the start.

    Raises:
        OSError: A path cannot be opened.
    """

    def __init__(self, stream: BodyStream) -> None:
        self.error: BaseException | None = None
        self.length: int | None = None
        self._again: Iterable[bytes] | None = None
        self.given_bytes = 0
        self._file: IO[bytes] | None = None
        self._owns_file = False
        self._pieces: Iterator[bytes] = iter(())
        self._left = memoryview(b"")
        self._start: int | None = None
        if hasattr(stream, "__fspath__"):
            self._file = open(os.fspath(cast("FilePath", stream)), "rb")  # noqa: SIM115  # closed by close()
            self._owns_file = True
            self.length = os.fstat(self._file.fileno()).st_size
            self._start = 0
        elif hasattr(stream, "read"):
            self._file = cast("IO[bytes]", stream)
            self._measure(self._file)
        else:
            self._pieces = iter(stream)
            if self._pieces is not stream:  # a list, say: it can be read again
                self._again = stream
                self._start = 0

    @property
    def can_rewind(self) -> bool:
        """Whether the body can be sent again."""
        return self._start is not None

    def rewind(self) -> None:
        """Go back to the start; only if `can_rewind`."""
        self.given_bytes = 0
        if self._again is not None:
            self._pieces, self._left = iter(self._again), memoryview(b"")
        elif self._file is not None and self._start is not None:
            self._file.seek(self._start)

    def read_for_curl(self, size: int) -> bytes | int:
        """Return up to `size` bytes, empty at the end; libcurl's READFUNCTION."""
        try:
            piece = self._read(size)
            self.given_bytes += len(piece)
            return piece
        except BaseException as error:  # user code, called from C: kept for the task
            self.error = error
            return int(pycurl.READFUNC_ABORT)

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
        """Close a file that was opened here."""
        if self._owns_file and self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, size: int) -> bytes:
        if self._file is not None:
            return _checked(self._file.read(size))
        while not self._left:
            try:
                self._left = memoryview(_checked(next(self._pieces)))
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


def _checked(piece: object) -> bytes:
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise TypeError(f"a request body is made of bytes, not {type(piece).__name__}")
