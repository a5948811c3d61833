"""What downloads and uploads of 256 MiB share: the length, and where the file is.

Each client consumes the body in the way that is fastest with it, piece by piece, and
counts its bytes. Files are written where temporary files go, and every load begins a
new one, as a program would.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.workers.harness import BadReplyError

__all__ = ("PIECE", "SIZE", "check", "check_stored", "place", "source")

SIZE = 256 * 1024 * 1024  # bytes; the file that the server serves
PIECE = 512 * 1024  # bytes asked for at a time by clients that let one choose


def check(status: int, size: int) -> None:
    """Refuse what is not the whole body."""
    if status != 200 or size != SIZE:
        raise BadReplyError(status, size)


def check_stored(status: int) -> None:
    """Refuse what says that the body was not stored."""
    if status not in (201, 204):
        raise BadReplyError(status, 0)


@contextmanager
def source() -> Iterator[Path]:
    """Return the path of a file to send, in the page cache, that is removed after."""
    with place() as path:
        with path.open("wb") as file:
            for _ in range(SIZE // PIECE):
                file.write(bytes(PIECE))
        yield path


@contextmanager
def place() -> Iterator[Path]:
    """Return the path of a file that is removed afterwards."""
    folder = tempfile.mkdtemp(prefix="urlsession-bench-file-")
    try:
        yield Path(folder, "body")
    finally:
        shutil.rmtree(folder)
