"""``file:`` URLs: regular files of this machine, read piece by piece.

Decides which URLs name a file here, and what is told of one that cannot be read.
Files are opened and read on worker threads: a slow disk holds up nobody else.

Source: RFC 8089.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ..errors import URLError, URLErrorCode
from ..response import URLResponse
from .local import LocalLoad

if TYPE_CHECKING:
    from ..request import URLRequest
    from .client import LoadClient, LoadContext

__all__ = ("FileLoad", "path_of")

PIECE_SIZE = 256 * 1024  # bytes read at a time

_CODES: dict[type[OSError], URLErrorCode] = {
    FileNotFoundError: URLErrorCode.FILE_DOES_NOT_EXIST,
    NotADirectoryError: URLErrorCode.FILE_DOES_NOT_EXIST,
    IsADirectoryError: URLErrorCode.FILE_IS_DIRECTORY,
    PermissionError: URLErrorCode.NO_PERMISSIONS_TO_READ_FILE,
}


def path_of(url: str) -> str:
    """Return the path that a ``file:`` URL names.

    Query and fragment do not count. The host may be missing, empty or ``localhost``.

    Raises:
        URLError: ``UNSUPPORTED_URL`` for a file of another host, ``BAD_URL`` if the
            path is missing, relative, or cannot be a path.
    """
    from urllib.parse import unquote_to_bytes

    rest = url.partition(":")[2].partition("#")[0].partition("?")[0]
    path = rest
    if rest.startswith("//"):
        host, slash, tail = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            message = f"a file of another host ({host!r}) cannot be loaded"
            raise URLError(URLErrorCode.UNSUPPORTED_URL, message, failing_url=url)
        path = slash + tail
    if not path.startswith("/"):
        message = "file: URL has no absolute path"
        raise URLError(URLErrorCode.BAD_URL, message, failing_url=url)
    try:
        name = os.fsdecode(unquote_to_bytes(path))
    except UnicodeError as error:
        message = "file: URL holds what is no character"
        raise URLError(
            URLErrorCode.BAD_URL, message, failing_url=url, underlying=error
        ) from error
    if "\0" in name:
        message = "file: URL holds a NUL byte"
        raise URLError(URLErrorCode.BAD_URL, message, failing_url=url)
    return name


class FileLoad(LocalLoad):
    """Loads a file."""

    _fd = -1
    _is_reading = False
    _must_close = False

    def __init__(
        self, client: LoadClient, context: LoadContext, request: URLRequest
    ) -> None:
        super().__init__(client, context, request)
        self._path = ""

    def start(self) -> None:
        """See `LocalLoad`."""
        self._path = path_of(self.request.url)
        if self.request.http_method not in ("GET", "HEAD"):
            message = f"a file cannot be loaded by {self.request.http_method}: use GET"
            raise self.error(URLErrorCode.UNSUPPORTED_URL, message)
        self.go_on()

    def go_on(self) -> None:
        """See `LocalLoad`."""
        workers = self._context.workers
        assert workers is not None
        with self._lock:
            if self._is_reading or self._must_close:
                return
            self._is_reading = True
        workers.submit(self._read)

    def stop(self) -> None:
        """See `LocalLoad`."""
        with self._lock:
            self._must_close = True
            if self._is_reading:  # never under a read: the number could be another's
                return
            self._close()

    def _read(self) -> None:
        """Read until the client is behind, or the end; on a worker thread."""
        error: URLError | None = None
        try:
            is_over = self._fd < 0 and not self._open()
            while not is_over:
                data = os.read(self._fd, PIECE_SIZE)
                is_over = not data
                if is_over or self.is_over or not self.offer_data(data):
                    break
        except OSError as cause:
            is_over, error = True, self._error_of(cause)
        if is_over:
            self.offer_end(error)
        with self._lock:
            self._is_reading = False
            if self._must_close:
                self._close()
                return
            must_go_on = not (is_over or self.is_behind)
        if must_go_on:  # taken meanwhile: nobody else will ask
            self.go_on()

    def _open(self) -> bool:
        """Open the file and tell of it; False if there is no body to be read."""
        # Not to hang on a pipe that nobody writes to.
        self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._fd)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(f"{self._path} is a directory")
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{self._path} is not a regular file")
        mime_type = _type_of(self._path)
        response = URLResponse(self.request.url, mime_type, status.st_size)
        self.offer_response(response)
        return self.request.http_method != "HEAD"

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _error_of(self, cause: OSError) -> URLError:
        code = _CODES.get(type(cause), URLErrorCode.CANNOT_OPEN_FILE)
        return URLError(
            code,
            f"cannot read {self._path}: {cause.strerror or cause}",
            failing_url=self.request.url,
            underlying=cause,
            os_errno=cause.errno,
        )


def _type_of(path: str) -> str:
    import mimetypes  # 5 ms, and it reads the system's lists

    kind, coding = mimetypes.guess_type(path)
    if coding is not None:
        return f"application/{coding}"
    return kind or "application/octet-stream"
