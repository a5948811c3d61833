"""A SQLite file that a store keeps its rows in, and what to do when it is in trouble.

Here is decided when the file is made and opened, what becomes of one that is damaged
or newer than this program, and that threads, forks and other processes do no harm. It
must not know what the rows mean. A store works without its file as well: nothing here
raises, a transaction that could not be done says so by its result and, once for each
kind of trouble, in the log.

What does not work, and why it is not done: closing in a forked child a connection that
its parent opened (SQLite's locks belong to the process); putting a new file where a
damaged one was without taking its `-wal` file away (SQLite would play it back);
making the tables of a new file at its place (processes that open it meanwhile lose each
other's journal: SQLITE_IOERR_DELETE_NOENT, and with it the transaction).
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ("Database",)

BUSY_TIMEOUT_S = 5.0
"""How long a transaction waits for another process's, in seconds."""

_TRIES = 4  # a damaged file, one that another process sets aside, and a new one

_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_CORRUPT, _READ_ONLY, _CANNOT_OPEN, _NOT_A_DATABASE, _BUSY = 11, 8, 14, 26, 5
_WAL_SIZE_LIMIT_BYTES = 1 << 20  # what a checkpoint leaves of the -wal file

T = TypeVar("T")
Work = Callable[["sqlite3.Connection"], T]
"""What is done in one transaction; may be called a second time, on a new file."""


class Database:
    """One SQLite file, opened when it is first needed, used from any thread.

    Nothing is made before the first `write`. The folder (0700) and the file (0600) are
    made then. A file that SQLite cannot make sense of is renamed to `….corrupt`, one
    with more steps than these to `….newer`, and the store begins anew; a file or folder
    that was removed is made again. Where only reading is allowed, reading is done.

    Two processes may have the same file open; a `write` waits for the other's, at most
    `BUSY_TIMEOUT_S`. A forked child opens the file for itself. The connection is closed
    with the process, or by `close`, after which the next use opens it again.

    Args:
        path: The file. Its folder's parents are made as well, when needed.
        steps: SQL scripts: the first makes the tables, each later one changes them from
            what the one before it left. The number of steps is kept in the file as
            `PRAGMA user_version`; a file with fewer gets the missing ones.
    """

    def __init__(self, path: Path, steps: tuple[str, ...]) -> None:
        self.path = path
        self._steps = steps
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._told: set[str] = set()
        _DATABASES.add(self)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, with the descriptors that it needs."""
        return self._connection is not None

    def read(self, work: Work[T], otherwise: T) -> T:
        """Return what `work` returns, given a connection.

        Returns:
            `otherwise` if there is no file, or it cannot be read.
        """
        return self._run(work, otherwise, is_write=False)

    def write(self, work: Work[object]) -> bool:
        """Do `work` in a transaction of its own, which either happens or does not.

        Returns:
            Whether it has happened. Not if the file cannot be made, opened or written:
            the disk is full, the folder is read-only, another process was busy for
            longer than `BUSY_TIMEOUT_S`. An error that is neither
            SQLite's nor an OSError goes through.
        """

        def transaction(connection: sqlite3.Connection) -> bool:
            connection.execute("BEGIN IMMEDIATE")
            try:
                work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("ROLLBACK")
                raise
            return True

        return self._run(transaction, False, is_write=True)

    def close(self) -> None:
        """Close the connection, if there is one; a later use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __del__(self) -> None:
        self.close()

    def _run(self, work: Work[T], otherwise: T, *, is_write: bool) -> T:
        if not is_write and self._connection is None and _identity(self.path) is None:
            return otherwise  # without loading SQLite to say that there is no file
        try:
            import sqlite3
        except ImportError:  # a Python that was built without it
            self._tell_once("no sqlite3", "kept in memory only: no module sqlite3")
            return otherwise
        with self._lock:
            for _ in range(_TRIES):
                try:
                    connection = self._open(is_write=is_write)
                    return otherwise if connection is None else work(connection)
                except (sqlite3.Error, OSError) as error:
                    if not self._has_recovered(error):
                        return otherwise
        return otherwise

    def _has_recovered(self, error: Exception) -> bool:
        """Return whether the work may be tried again, on a new file."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        was_missed = code == _CANNOT_OPEN and self._identity is None
        if was_missed or _identity(self.path) != self._identity:
            self.close()
            return True  # another process has set aside what was to be opened
        if code in {_CORRUPT, _NOT_A_DATABASE}:
            return self._set_aside("corrupt", str(error))
        if code in {0, _CANNOT_OPEN}:  # with 0: the folder's trouble, not SQLite's
            self.close()
        self._tell_once(f"{code}", f"could not be used: {error}")
        return False

    def _open(self, *, is_write: bool) -> sqlite3.Connection | None:
        """Return a connection to the file that is there now.

        Returns:
            None if there is no file and none is to be made.
        """
        if self._connection is not None:
            if _identity(self.path) == self._identity:
                return self._connection
            self.close()  # somebody removed the file, or put another one there
        if _identity(self.path) is None:
            if not is_write:
                return None
            self._make_file()
        self._identity = _identity(self.path)
        self._connection = self._connect()
        version = self._version(self._connection)
        if version > len(self._steps):
            why = f"it has version {version}, this program knows {len(self._steps)}"
            if not self._set_aside("newer", why):
                return None
            return self._open(is_write=is_write)
        if not version and not is_write:
            self.close()
            return None  # nothing was ever written
        if not version:  # an empty file, which somebody else has put there
            with _FolderLock(self.path.parent):
                self._set_up_file(self._connection)
        elif version < len(self._steps):
            self._take_steps(self._connection)
        return self._connection

    def _make_file(self) -> None:
        """Make the file, unless it is there: whole before it gets its name."""
        _make_folder(self.path.parent)
        new = self.path.with_name(f"{self.path.name}.new")
        with _FolderLock(self.path.parent):
            if _identity(self.path) is not None:
                return  # another process was first
            for left in (new, *_beside(new), *_beside(self.path)):
                left.unlink(missing_ok=True)  # by a process that was killed
            try:
                # SQLite gives the files beside it the mode of this one.
                flags = os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                os.close(os.open(new, flags, _FILE_MODE))
                connection = _connect(new, "mode=rw")
                try:
                    self._set_up_file(connection)
                finally:
                    connection.close()
                os.replace(new, self.path)
            except BaseException:
                for left in (new, *_beside(new)):
                    left.unlink(missing_ok=True)
                raise

    def _set_up_file(self, connection: sqlite3.Connection) -> None:
        """Give an empty file what holds for it for good, and its tables."""
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table
        _switch_to_wal(connection)
        self._take_steps(connection)

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        connection = _connect(self.path, "mode=rw")
        try:
            _set_up(connection)
            self._version(connection)  # only now is the file looked at
        except sqlite3.OperationalError as error:
            connection.close()
            if (error.sqlite_errorcode & 0xFF) not in {_READ_ONLY, _CANNOT_OPEN}:
                raise
            # In a folder where nothing can be made SQLite cannot share the file with a
            # writer; it is read as it stands.
            connection = _connect(self.path, "mode=ro&immutable=1")
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _take_steps(self, connection: sqlite3.Connection) -> None:
        """Bring the file up to the last step; another process may do so meanwhile."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in self._steps[self._version(connection) :]:
                for statement in step.split(";"):  # executescript() would commit
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._steps)}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _set_aside(self, suffix: str, why: str) -> bool:
        """Rename the file, so that the next use begins anew; return whether it went."""
        identity = self._identity
        self.close()
        aside = self.path.with_name(f"{self.path.name}.{suffix}")
        try:
            with _FolderLock(self.path.parent):
                if _identity(self.path) != identity:
                    return True  # another process was first
                # The file last: once it is gone, another process begins a new one, and
                # what lies beside it then is the new one's.
                for beside, beside_aside in zip(
                    _beside(self.path), _beside(aside), strict=True
                ):
                    if beside.exists():
                        os.replace(beside, beside_aside)
                os.replace(self.path, aside)
        except OSError as error:
            self._tell_once(suffix, f"cannot be used ({why}) nor set aside: {error}")
            return False
        self._tell_once(suffix, f"was set aside as {aside.name} and begun anew: {why}")
        return True

    def _tell_once(self, kind: str, what: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            import logging  # 5 ms that a program without trouble need not pay

            logging.getLogger("urlsession").warning("%s %s", self.path, what)


class _FolderLock:
    """Held while files of a folder change their names; against other processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd = -1

    def __enter__(self) -> None:
        import fcntl

        self._fd = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def _connect(path: Path, parameters: str) -> sqlite3.Connection:
    import sqlite3

    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{parameters}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # transactions are begun by name
        check_same_thread=False,  # the lock is ours
    )


def _set_up(connection: sqlite3.Connection) -> None:
    """Set what holds for a connection; must not wait for who writes."""
    connection.execute(
        "PRAGMA synchronous = NORMAL"
    )  # safe with WAL; may lose the last
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT_BYTES}")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Ask for write-ahead logging, for which SQLite itself does not wait its turn."""
    import sqlite3

    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            is_busy = (error.sqlite_errorcode & 0xFF) == _BUSY
            if not is_busy or time.monotonic() > give_up_at:
                raise
            threading.Event().wait(0.005)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file stands at a path, or None."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _make_folder(path: Path) -> None:
    # The modes of `mkdir` hold for the last folder only: make the parents the same way.
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def _beside(path: Path) -> list[Path]:
    """Return the files that SQLite may keep beside one."""
    return [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]


_DATABASES: weakref.WeakSet[Database] = weakref.WeakSet()
_held: list[Database] = []  # from before a fork until after it
_inherited: list[object] = []  # the parent's connections, never to be closed here


def _before_fork() -> None:
    # No transaction may be under way in another thread: the child would find SQLite's
    # own locks taken, for ever.
    _held[:] = list(_DATABASES)
    for database in _held:
        database._lock.acquire()


def _after_fork_in_parent() -> None:
    for database in _held:
        database._lock.release()
    _held.clear()


def _after_fork_in_child() -> None:
    for database in _held:
        database._lock = threading.RLock()
        if database._connection is not None:
            _inherited.append(database._connection)
            database._connection = None
    _held.clear()


def _close_at_exit() -> None:
    for database in list(_DATABASES):
        database.close()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
atexit.register(_close_at_exit)
