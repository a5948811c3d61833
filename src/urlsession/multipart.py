"""Forms with files: ``multipart/form-data``, streamed, with their exact length.

Decides how names and file names are written and where the boundary comes from.
Files are opened and measured when the form is sent, and read while it is: a form
takes no more memory than its fields. Must not know how it is sent.

Source: RFC 7578, RFC 2046 section 5.1; for quoting, HTML's "multipart/form-data
encoding algorithm", which is what servers are tested with.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias, cast

from .errors import UsageError

if TYPE_CHECKING:
    from .request import FilePath, Form

__all__ = ("FileContent", "Files", "MultipartForm")

FileContent: TypeAlias = "bytes | bytearray | memoryview | str | FilePath | BinaryIO"
"""What a file's part is made of: bytes, text, a path, or a binary file that seeks."""

_FilePart: TypeAlias = (
    "FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]"
)

Files: TypeAlias = (
    "Mapping[str, _FilePart | Sequence[_FilePart]] | Iterable[tuple[str, _FilePart]]"
)
"""Files by the names of their fields; a tuple is (file name, content[, type])."""

_OCTETS = "application/octet-stream"


class MultipartForm:
    """A form with files, as browsers send it; give it to a request as its ``body``.

    Can be sent as often as it takes (redirects, challenges, resumed uploads), with
    its Content-Length: files are measured when it is opened.

    Args:
        fields: Fields to begin with, as for ``URLRequest(form=...)``.
        files: Files to begin with.
        boundary: What separates the parts; None for a random one.

    Raises:
        UsageError: The boundary is not legal, or a content type has a line break.
        TypeError: A file's content is none of `FileContent`.

    Attributes:
        boundary: What separates the parts.
    """

    def __init__(
        self,
        fields: Form | None = None,
        files: Files | None = None,
        *,
        boundary: str | None = None,
    ) -> None:
        if boundary is None:
            boundary = f"urlsession-{secrets.token_hex(16)}"
        elif not 0 < len(boundary) <= 70 or not set(boundary) <= _OF_A_BOUNDARY:
            raise UsageError(f"boundary {boundary!r} is not 1 to 70 legal characters")
        self.boundary = boundary
        self._parts: list[_Part] = []
        for name, value in _pairs(fields, (list, tuple)):
            self.add_field(name, value)
        for name, file in _pairs(files, (list,)):
            if isinstance(file, tuple):
                self.add_file(name, file[1], file[0], *file[2:])
            else:
                self.add_file(name, file)

    @property
    def content_type(self) -> str:
        """The value for Content-Type, with the boundary."""
        return f"multipart/form-data; boundary={self.boundary}"

    def add_field(self, name: str, value: str | bytes) -> None:
        """Add a field; text goes as UTF-8."""
        content = value.encode() if isinstance(value, str) else bytes(value)
        self._add(name, "", content)

    def add_file(
        self,
        name: str,
        content: FileContent,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> None:
        """Add a file.

        Args:
            name: Name of the field; may come several times.
            content: Bytes, text, a path, or a binary file, read from where it stands
                and left open.
            filename: Its name for the server; None for the path's last part or the
                file's own name, ``file`` if it has none. Never a path.
            content_type: Its type; None to guess by the name.
        """
        if filename is None:
            filename = _name_of(content)
        if content_type is None:
            import mimetypes  # only forms with files need it

            content_type = mimetypes.guess_type(filename)[0] or _OCTETS
        elif "\r" in content_type or "\n" in content_type:
            raise UsageError(f"content type {content_type!r} has a line break")
        head = f'; filename="{_quoted(filename)}"\r\nContent-Type: {content_type}'
        if isinstance(content, str):
            content = content.encode()
        elif isinstance(content, bytearray | memoryview):
            content = bytes(content)
        elif not isinstance(content, bytes) and not (
            hasattr(content, "__fspath__") or hasattr(content, "seek")
        ):
            kind = type(content).__name__
            raise TypeError(
                "a file of a form is bytes, a path or a binary file that seeks, "
                f"not {kind}"
            )
        self._add(name, head, content)

    def open_body(self) -> BinaryIO:
        """Return the whole form as a file that reads and seeks.

        Raises:
            OSError: A file cannot be opened or measured.
        """
        segments: list[_Segment] = []
        try:
            for part in self._parts:
                segments.append(_Segment.of_bytes(part.head))
                segments.append(_Segment.of(part))
                segments.append(_Segment.of_bytes(b"\r\n"))
            segments.append(_Segment.of_bytes(f"--{self.boundary}--\r\n".encode()))
        except BaseException:
            for one in segments:
                one.close()
            raise
        return cast("BinaryIO", _Body(segments))

    def __len__(self) -> int:
        """Return the number of fields and files."""
        return len(self._parts)

    def __repr__(self) -> str:
        return f"<MultipartForm of {len(self)} parts>"

    def _add(self, name: str, more: str, content: _Content) -> None:
        head = f"--{self.boundary}\r\nContent-Disposition: form-data; "
        head += f'name="{_quoted(name)}"{more}\r\n\r\n'
        start = None
        if hasattr(content, "seek"):  # the same bytes each time it is sent
            start = cast("IO[bytes]", content).tell()
        self._parts.append(
            _Part(head.encode("utf-8", "surrogateescape"), content, start)
        )


class _Part(NamedTuple):
    head: bytes
    content: _Content
    start: int | None
    """Where a binary file stood when it was added."""


_Content: TypeAlias = "bytes | FilePath | BinaryIO"


class _Segment(NamedTuple):
    """A stretch of the body that one file gives."""

    file: IO[bytes]
    start: int
    length: int
    is_owned: bool

    @classmethod
    def of_bytes(cls, data: bytes) -> _Segment:
        return cls(io.BytesIO(data), 0, len(data), is_owned=True)

    @classmethod
    def of(cls, part: _Part) -> _Segment:
        content = part.content
        if isinstance(content, bytes):
            return cls.of_bytes(content)
        if part.start is None:
            file = open(os.fspath(cast("FilePath", content)), "rb", buffering=0)  # noqa: SIM115  # closed with the body
            try:
                return cls(file, 0, file.seek(0, io.SEEK_END), is_owned=True)
            except OSError:  # a pipe: its length is known at its end only
                file.close()
                raise
        shared = cast("IO[bytes]", content)
        end = shared.seek(0, io.SEEK_END)
        return cls(shared, part.start, max(0, end - part.start), is_owned=False)

    def close(self) -> None:
        if self.is_owned:
            self.file.close()


class _Body(io.RawIOBase):
    """The segments one after the other."""

    def __init__(self, segments: list[_Segment]) -> None:
        self._segments = segments
        self._length = sum(one.length for one in segments)
        self._index = 0
        self._at = 0  # in the segment
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, at most `size`; empty at the end.

        Raises:
            OSError: A file has become shorter since the form was opened.
        """
        left = self._length - self._position if size < 0 else size
        pieces: list[bytes] = []
        while left > 0 and self._index < len(self._segments):
            segment = self._segments[self._index]
            wanted = min(left, segment.length - self._at)
            if not wanted:
                self._index, self._at = self._index + 1, 0
                continue
            # Each time: the same file may be in the form twice.
            segment.file.seek(segment.start + self._at)
            piece = segment.file.read(wanted)
            if not piece:
                raise OSError("a file of the form has become shorter meanwhile")
            pieces.append(piece)
            left -= len(piece)
            self._at += len(piece)
            self._position += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence, self._length)
        left = self._position = max(0, min(base + offset, self._length))
        self._index = 0
        while self._index < len(self._segments):
            length = self._segments[self._index].length
            if left < length:
                break
            left -= length
            self._index += 1
        self._at = left
        return self._position

    def close(self) -> None:
        for one in self._segments:
            one.close()
        self._segments = []
        super().close()


def _pairs(fields: object, several: Any) -> Iterable[tuple[str, Any]]:
    if fields is None:
        return
    pairs: object = fields.items() if isinstance(fields, Mapping) else fields
    for name, value in cast("list[tuple[str, Any]]", pairs):
        if isinstance(value, several):
            for one in value:
                yield name, one
        else:
            yield name, value


def _name_of(content: object) -> str:
    name = content if hasattr(content, "__fspath__") else getattr(content, "name", "")
    if hasattr(name, "__fspath__"):
        name = os.fspath(cast("FilePath", name))
    last = os.path.basename(name) if isinstance(name, str) else ""
    return last or "file"


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


_OF_A_BOUNDARY = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?"
)
