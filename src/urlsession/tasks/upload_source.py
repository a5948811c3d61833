"""What an upload sends: where the body comes from, and from where in it.

Decides which bodies can be sent from their middle, and that a file that changed since
the upload began is not. Reads no byte itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from ..request import URLRequest

if TYPE_CHECKING:
    from ..request import Body, FilePath

__all__ = ("ChangedFileError", "UploadSource", "request_with_body")


class ChangedFileError(OSError):
    """A file is not what it was when its upload began."""


def request_with_body(
    request: object,
    from_data: Body | None,
    from_file: object,
    *,
    is_streamed: bool,
) -> URLRequest:
    """Return a copy of a request with the body that an upload was given.

    The request's own body is left out. A URL alone is sent by POST.

    Raises:
        TypeError: Not exactly one body is given, or one of the wrong type.
    """
    given = (from_data is not None) + (from_file is not None) + is_streamed
    if given != 1:
        raise TypeError("an upload takes one of from_data, from_file and streamed")
    if isinstance(request, str):
        made = URLRequest(request, method="POST")
    elif isinstance(request, URLRequest):
        made = request.copy()
        made.headers.remove("Content-Length")  # the body's own counts
    else:
        kind = type(request).__name__
        raise TypeError(f"request must be a URL or a URLRequest, not {kind}")
    made.http_body = None
    if from_file is not None:
        if not isinstance(from_file, str) and not hasattr(from_file, "__fspath__"):
            kind = type(from_file).__name__
            raise TypeError(f"from_file must be a path, not {kind}")
        made.http_body_stream = Path(os.fspath(cast("FilePath", from_file)))
    elif from_data is not None:
        made._set_body(from_data)
    return made


class UploadSource:
    """The body of one upload.

    Attributes:
        path: The file that it is; None if it is none.
        length: Its length, once that is known; None before, and for a stream.
    """

    def __init__(self, body: Any) -> None:
        self._body = body
        self._start: int | None = None
        self._mtime_ns = 0
        self.path: Path | None = body if isinstance(body, Path) else None
        self.length: int | None = len(body) if isinstance(body, bytes) else None

    @classmethod
    def of(cls, request: URLRequest) -> Self:
        """Return the source that a request's body is."""
        if request.http_body is not None:
            return cls(request.http_body)
        return cls(request.http_body_stream)

    @classmethod
    def of_file(cls, path: str, length: int, mtime_ns: int) -> Self:
        """Return the source that a file was when its upload began."""
        made = cls(Path(path))
        made.length = length
        made._mtime_ns = mtime_ns
        return made

    @property
    def mtime_ns(self) -> int:
        """When the file was changed last, as it was noted; 0 if it is no file."""
        return self._mtime_ns

    def note(self) -> None:
        """Note what a file is now, as the upload begins."""
        if self.path is not None:
            try:
                found = self.path.stat()
            except OSError:  # whoever opens it tells
                return
            self.length, self._mtime_ns = found.st_size, found.st_mtime_ns
        elif hasattr(self._body, "seek"):
            try:
                self._start = self._body.tell()
            except OSError:  # a pipe: it has no middle to come back to
                return

    def put_rest(self, request: URLRequest, offset: int, limit: int | None) -> int:
        """Make the body from `offset` on that of `request`.

        Returns:
            How many bytes of the request's stream have to be left out.

        Raises:
            ChangedFileError: The file is not what it was.
            OSError: The file cannot be looked at.
        """
        body = self._body
        if isinstance(body, bytes):
            end = len(body) if limit is None else offset + limit
            request.http_body = body[offset:end]
            return 0
        if self.path is not None:
            found = self.path.stat()
            if (found.st_size, found.st_mtime_ns) != (self.length, self._mtime_ns):
                raise ChangedFileError(
                    f"{str(self.path)!r} was changed since its upload began"
                )
        elif self._start is not None:
            body.seek(self._start)
        request.http_body_stream = body
        return offset
