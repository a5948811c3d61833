"""How processes that share a file tell each other that it has changed.

Decides what is looked at: a small file beside the shared one, which holds a number that
nobody has used before. To look costs 4 µs, or 0.3 µs if there is no such file; whoever
has little time looks rarely. Must not know what changed.

What does not work: SQLite's own counter (`PRAGMA data_version`), which costs as much
and has to be asked through the connection; the time of the last change, which file
systems count in steps of 4 ms; to map the file, which ends the process with SIGBUS
when somebody truncates it.
"""

from __future__ import annotations

import os

__all__ = ("ChangeSignal",)

_SIZE = 16  # bytes of the number
_NOTHING = b""


class ChangeSignal:
    """Says whether another process has changed what `path` stands beside.

    Not safe for threads: whoever has one has a lock.

    Args:
        path: The file that holds the number. Made at the first `raise_`.
    """

    __slots__ = ("_path", "_seen")

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen = _NOTHING

    def is_raised(self) -> bool:
        """Return whether there was a change since the last call that said so.

        Read what changed after the call, never before.
        """
        found = self._read()
        if found == self._seen:
            return False
        self._seen = found
        return True

    def raise_(self) -> bool:
        """Tell the others of a change, made just before.

        Returns:
            Whether another process had told of one meanwhile, which is still to be read.
        """
        # One at a time: who writes must have seen what was written before.
        import fcntl

        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # the shared file could be written, its folder cannot
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            found = os.pread(fd, _SIZE, 0)
            has_missed = found != self._seen
            self._seen = os.urandom(_SIZE)
            os.pwrite(fd, self._seen, 0)
        except OSError:
            return False
        finally:
            os.close(fd)
        return has_missed

    def _read(self) -> bytes:
        # Three times faster than to be refused by `open`.
        if not os.access(self._path, os.R_OK):
            return _NOTHING
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return _NOTHING
        try:
            return os.read(fd, _SIZE)
        except OSError:
            return _NOTHING
        finally:
            os.close(fd)
