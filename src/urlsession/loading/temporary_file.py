"""The file that a body is written to before it belongs to anybody.

Decides how it is written (whole buffers, one call for many pieces) and that it is
never left behind by accident: it is removed when this object is freed or the process
ends, unless `leave` was called. Must not know what the bytes are.

Pieces of libcurl are 16 KiB long. They are gathered, not copied, and go to the kernel
together. Tried and no better: 512 KiB at a time (glibc gives so much memory back and
asks for it again each time, half as much work on top), a buffered file (a copy), the
`write` of a raw file as libcurl's callback (its errors end on standard error), and
`posix_fallocate` (a file's length would no longer tell how much of it is there).
"""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import weakref
from pathlib import Path

__all__ = ("FLUSH_BYTES", "TemporaryFile")

FLUSH_BYTES = 96 * 1024  # gathered before they are written
_MAX_PIECES = 1024  # Linux takes no more in one writev (IOV_MAX)


class TemporaryFile:
    """A file with mode 0600 that grows at its end. Any thread may call any method.

    Every method that touches the file raises `OSError` if the system refuses.

    Attributes:
        path: Where it is; absolute.
        size: Bytes that are in the file.
    """

    def __init__(self, fd: int, path: str, size: int) -> None:
        self.path = path
        self.size = size
        self._fd = fd
        self._is_locked = False
        self._pieces: list[bytes] = []
        self._gathered = 0
        # Re-entrant: the collector may end a task in the middle of a write.
        self._lock = threading.RLock()
        self._removal: weakref.finalize[[str, int], TemporaryFile] | None = None

    @classmethod
    def create(cls, folder: str | None) -> TemporaryFile:
        """Make a new file in `folder`, or in the system's folder for such files.

        Raises:
            OSError: It cannot be made there.
        """
        fd, path = tempfile.mkstemp(".download", "urlsession-", folder)
        made = cls(fd, os.path.abspath(path), 0)
        made.own()
        return made

    @classmethod
    def reopen(cls, path: str, size: int) -> TemporaryFile | None:
        """Open a file that was left; None if it is not as it was left.

        That is: missing, of another length, not a file of this user's own, or in use
        by another download. It still belongs to whoever left it, until `own`.
        """
        import fcntl  # only here, for a download that goes on

        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            fd = os.open(path, flags)
        except OSError:
            return None
        try:
            facts = os.fstat(fd)
            is_ours = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid()
            if is_ours and facts.st_nlink == 1 and facts.st_size == size:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.lseek(fd, 0, os.SEEK_END)
                made = cls(fd, path, size)
                made._is_locked = True
                return made
        except OSError:  # in use
            pass
        os.close(fd)
        return None

    @property
    def taken(self) -> int:
        """Bytes that are in the file, or will be after `flush`."""
        return self.size + self._gathered

    def own(self) -> None:
        """Remove the file when this object is freed or the process ends."""
        if self._removal is None:
            self._removal = weakref.finalize(self, _remove, self.path, os.getpid())

    def add(self, data: bytes) -> None:
        """Take a piece; after `close` it is ignored."""
        with self._lock:
            if self._fd < 0:
                return
            self._pieces.append(data)
            self._gathered += len(data)
            if self._gathered >= FLUSH_BYTES or len(self._pieces) >= _MAX_PIECES:
                self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        with self._lock:
            pieces, self._pieces = self._pieces, []
            self._gathered = 0
            if not pieces or self._fd < 0:
                return
            self.own()
            length = sum(map(len, pieces))
            written = os.writev(self._fd, pieces)
            self.size += written
            if written < length:  # a full disk says so when it is asked again
                rest = memoryview(b"".join(pieces))[written:]
                while rest:
                    written = os.write(self._fd, rest)
                    self.size += written
                    rest = rest[written:]

    def cut(self, size: int) -> None:
        """Shorten the file to `size` bytes, and go on from there."""
        with self._lock:
            self._pieces.clear()
            self._gathered = 0
            if self._fd < 0:
                os.truncate(self.path, size)
            else:
                self.own()
                os.ftruncate(self._fd, size)
                os.lseek(self._fd, size, os.SEEK_SET)
            self.size = size

    def close(self) -> None:
        """Write what was gathered, and take no more. Harmless when repeated."""
        try:
            self.flush()
        finally:
            self._close()

    def leave(self) -> str:
        """Close; the file stays, whatever becomes of this object. Return its path."""
        try:
            self.close()
        finally:
            if self._removal is not None:
                self._removal.detach()
                self._removal = None
        return self.path

    def discard(self) -> None:
        """Close, and remove the file if it is owned. Harmless when repeated."""
        with self._lock:
            self._pieces.clear()
            self._gathered = 0
        self._close()
        if self._removal is not None:
            self._removal()

    def __del__(self) -> None:
        if self._fd >= 0:
            self._close()

    def _close(self) -> None:
        with self._lock:
            fd, self._fd = self._fd, -1
            if fd < 0:
                return
            try:
                if self._is_locked:
                    import fcntl

                    # Closing does not end it if a forked child has the file too.
                    fcntl.flock(fd, fcntl.LOCK_UN)
            finally:
                os.close(fd)


def _remove(path: str, pid: int) -> None:
    if os.getpid() != pid:  # a forked child: the file is its parent's
        return
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        import logging

        logging.getLogger("urlsession").warning(
            "temporary file of a download cannot be removed: %s", error
        )
