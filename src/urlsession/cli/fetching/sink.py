"""Where the body of one URL goes, and the sinks that end in files.

Decides that no half file is left: a body is written to a temporary file beside its
place and gets its name when it is complete. Names that servers suggest never
replace a file that was there before.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .turn import Turns

if TYPE_CHECKING:
    from ...response import HTTPURLResponse

__all__ = ("FileSink", "FolderNames", "FolderSink", "OutputError", "Sink", "write_all")


class OutputError(Exception):
    """What came cannot be written."""


class Sink(Protocol):
    """Takes one body, piece by piece."""

    async def begin(self, response: HTTPURLResponse) -> None:
        """The head has come.

        Raises:
            OutputError: There is no place for the body.
        """

    async def write(self, data: bytes) -> None:
        """Take a piece.

        Raises:
            OutputError: It cannot be written.
        """

    async def finish(self) -> str | None:
        """That was all. Return where it went; None if that needs no telling.

        Raises:
            OutputError: It cannot be put in its place.
        """

    async def abandon(self) -> None:
        """The load failed."""

    def discard(self) -> None:
        """Everything ends now: leave nothing behind. Harmless when repeated."""


class _TemporaryFile:
    """A file that has no name yet that anybody looks for."""

    def __init__(self, folder: Path, name: str) -> None:
        # A short stem: the name may be as long as the file system lets it be.
        self.path = folder / f".{name[:40]}.{secrets.token_hex(6)}.part"
        try:
            # Not tempfile: the finished file is to get the modes of any new file.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self.fd = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise OutputError(f"cannot write to {str(folder)!r}: {_why(error)}") from (
                error
            )

    def write(self, data: bytes) -> None:
        try:
            write_all(self.fd, data)
        except OSError as error:
            raise OutputError(f"cannot write {str(self.path)!r}: {_why(error)}") from (
                error
            )

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


class FileSink:
    """Writes to a file whose name the user gave; replaces what was there.

    What is no regular file (a device, a pipe) is written to directly.
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        self._path = path
        self._temporary: _TemporaryFile | None = None
        self._fd = -1

    async def begin(self, response: HTTPURLResponse) -> None:  # noqa: ARG002 - Sink's
        """See `Sink`."""
        target = Path(os.path.realpath(self._path))
        mode = _mode_of(target)
        if mode is not None and not stat.S_ISREG(mode):
            self._fd = _open_special(self._path)
            return
        self._path = target  # through a link, which stays
        self._temporary = _TemporaryFile(target.parent, target.name)
        if mode is not None:
            os.fchmod(self._temporary.fd, stat.S_IMODE(mode))

    async def write(self, data: bytes) -> None:
        """See `Sink`."""
        if self._temporary is not None:
            self._temporary.write(data)
            return
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise OutputError(f"cannot write {str(self._path)!r}: {_why(error)}") from (
                error
            )

    async def finish(self) -> str | None:
        """See `Sink`."""
        temporary, self._temporary = self._temporary, None
        if temporary is not None:
            temporary.close()
            try:
                temporary.path.replace(self._path)
            except OSError as error:
                temporary.remove()
                message = f"cannot write {str(self._path)!r}: {_why(error)}"
                raise OutputError(message) from error
        self.discard()
        return self._name

    async def abandon(self) -> None:
        """See `Sink`."""
        self.discard()

    def discard(self) -> None:
        """See `Sink`."""
        if self._temporary is not None:
            self._temporary.remove()
            self._temporary = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class FolderNames:
    """Gives each URL a name of its own, in the order of the URLs.

    Of two URLs with the same name the first gets it, whichever came first: the
    names of a run do not depend on the network's mood.
    """

    def __init__(self) -> None:
        self._turns = Turns()
        self._suggested: dict[int, str] = {}
        self._given: dict[int, str] = {}
        self._taken: set[str] = set()
        self._next = 0

    def suggest(self, index: int, name: str | None) -> None:
        """Note what the server calls it; None if it will never have a name."""
        if name is not None:
            self._suggested[index] = name
        self._turns.done(index)

    async def name(self, index: int) -> str:
        """Wait for the names before this one, and return this one."""
        await self._turns.wait(index)
        while self._next <= index:
            if self._next in self._suggested:
                name = self.another(self._suggested.pop(self._next), 1)
                self._given[self._next] = name
            self._next += 1
        return self._given[index]

    def another(self, name: str, number: int) -> str:
        """Return a free variation of `name`: itself for 1, else with a number."""
        stem, ending = os.path.splitext(name)
        while True:
            varied = name if number == 1 else f"{stem}-{number}{ending}"
            if varied not in self._taken:
                self._taken.add(varied)
                return varied
            number += 1


class FolderSink:
    """Writes to a folder, under the name that the server suggests."""

    def __init__(self, folder: Path, names: FolderNames, index: int) -> None:
        self._folder = folder
        self._names = names
        self._index = index
        self._temporary: _TemporaryFile | None = None

    async def begin(self, response: HTTPURLResponse) -> None:
        """See `Sink`."""
        name = response.suggested_filename
        self._names.suggest(self._index, name)
        self._temporary = _TemporaryFile(self._folder, name)

    async def write(self, data: bytes) -> None:
        """See `Sink`."""
        assert self._temporary is not None
        self._temporary.write(data)

    async def finish(self) -> str | None:
        """See `Sink`."""
        name = await self._names.name(self._index)
        temporary = self._temporary
        assert temporary is not None
        temporary.close()
        try:
            path = self._place(temporary.path, name)
        except OSError as error:
            message = f"cannot write {str(self._folder / name)!r}: {_why(error)}"
            raise OutputError(message) from error
        finally:
            self.discard()
        return str(path)

    async def abandon(self) -> None:
        """See `Sink`."""
        self._names.suggest(self._index, None)
        self.discard()

    def discard(self) -> None:
        """See `Sink`."""
        if self._temporary is not None:
            self._temporary.remove()
            self._temporary = None

    def _place(self, temporary: Path, name: str) -> Path:
        number, tried = 1, name
        while True:
            path = self._folder / tried
            try:
                # Unlike a rename, never over a file that is there already.
                os.link(temporary, path)
                return path
            except FileExistsError:
                number += 1
                tried = self._names.another(name, number)
            except OSError:  # a file system without links
                if path.exists():
                    raise
                temporary.rename(path)
                return path


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data` to a descriptor, in as many calls as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _open_special(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        raise OutputError(f"cannot write {str(path)!r}: {_why(error)}") from error


def _why(error: OSError) -> str:
    return error.strerror or str(error)
