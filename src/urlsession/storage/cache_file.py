"""The part of a cache that is on disk: replies as rows, written behind the program.

Decides when rows are written (on a thread of its own, many at a time, which ends when
there has been nothing to do for `LINGER_S`), which go when they take too much room
(those used longest ago), which take too long to be read where loads are driven, and what
is done with a row that is damaged. Must not know which reply may answer which request.

A program that is killed loses what had not been written, never what had.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
import zlib
from typing import TYPE_CHECKING, Any

from .cached_response import Entry, StoragePolicy
from .database import Database
from .marks import MARKS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ("CacheFile",)

FILE_NAME = "url-cache.sqlite"
LINGER_S = 1.0  # how long thread and connections outlast the last work
GATHER_S = 0.05  # how long rows wait for others to be written with
REFRESH_S = 1.0  # how often another process's rows are looked for, at most
BACKLOG_LIMIT_BYTES = 16 << 20  # waiting to be written; more is kept in memory only
LARGE_BYTES = 256 << 10  # what takes too long to read for a thread that drives loads
_SPARE_PAGES = 64  # of 4 KiB, kept in the file
_JOIN_LIMIT_S = 5.0  # for the last rows at exit

_STEPS = (
    """
    CREATE TABLE reply (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        variant TEXT NOT NULL,
        names TEXT NOT NULL,
        url TEXT NOT NULL,
        status INTEGER NOT NULL,
        requested_at REAL NOT NULL,
        stored_at REAL NOT NULL,
        used_at REAL NOT NULL,
        size INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        user_info TEXT,
        head BLOB NOT NULL,
        body BLOB NOT NULL
    );
    CREATE UNIQUE INDEX reply_of_request ON reply (key, variant);
    CREATE INDEX reply_by_use ON reply (used_at, size)
    """,
)
_COLUMNS = (
    "key, variant, names, url, status, requested_at, stored_at, checksum, user_info, "
    "head, body"
)
_FIND = f"SELECT {_COLUMNS} FROM reply WHERE key = ?"  # noqa: S608 - columns by name
_FIND_LARGE = "SELECT 1 FROM reply WHERE key = ? AND size > ? LIMIT 1"
_FIND_SMALL_BODIES = (
    f"SELECT {_COLUMNS.removesuffix('body')} "  # noqa: S608 - columns by name
    f"CASE WHEN size <= {LARGE_BYTES} THEN body END, id FROM reply WHERE key = ?"
)
_PUT = (
    f"REPLACE INTO reply ({_COLUMNS}, used_at, size) "  # noqa: S608 - as above
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_Name = tuple[str, str]  # key and variant of one reply


class CacheFile:
    """The rows of one folder. Every method from any thread; none raises for the disk.

    What is put in or removed counts at once, whether it is on disk yet or not.

    Args:
        directory: The folder.
        capacity: Bytes that all replies may take.

    Attributes:
        keys: The keys of which there may be a reply, for a look without a lock.
    """

    def __init__(self, directory: Path, capacity: int) -> None:
        path = directory / FILE_NAME
        self._reader = Database(path, _STEPS)
        self._slow_reader = Database(path, _STEPS)  # nobody waits for it
        self._writer = Database(path, _STEPS)
        self._capacity = capacity
        self._lock = threading.RLock()
        self._has_work = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._is_hurried = False
        self._is_stopping = False
        self._pending = _Batch()
        self._writing = _Batch()
        self._last_id = 0
        self.next_look_at = 0.0
        self.keys: set[str] = set()
        _FILES.add(self)

    def look_for_new(self, now: float) -> None:
        """Learn of what others have stored, if the last look was `REFRESH_S` ago.

        Args:
            now: Monotonic seconds.
        """
        if now < self.next_look_at:
            return
        with self._lock:
            self.next_look_at = now + REFRESH_S
            last_id = self._last_id
            rows: list[tuple[int, str]] = self._reader.read(
                lambda one: one.execute(
                    "SELECT id, key FROM reply WHERE id > ?", (last_id,)
                ).fetchall(),
                [],
            )
            for number, key in rows:
                self.keys.add(key)
                self._last_id = max(self._last_id, number)
            if rows:
                MARKS.tell()
            self._see_to_closing()

    def is_large(self, key: str) -> bool:
        """Whether `find` would have to read more than `LARGE_BYTES` of a reply."""
        found: object = self._reader.read(
            lambda one: one.execute(_FIND_LARGE, (key, LARGE_BYTES)).fetchone(), None
        )
        self._see_to_closing()
        return found is not None

    def find(self, key: str, *, is_large: bool = False) -> list[Entry]:
        """Return every variant of a reply, the newest first; reads the disk.

        Args:
            key: The key.
            is_large: Whether to read beside others, who read something else meanwhile.
        """
        with self._lock:
            batches = self._writing, self._pending
        rows: list[tuple[Any, ...]]
        if is_large:
            rows = self._slow_reader.read(lambda one: _rows_beside_others(one, key), [])
        else:
            rows = self._reader.read(
                lambda one: one.execute(_FIND, (key,)).fetchall(), []
            )
        self._see_to_closing()
        found = {}
        for row in rows:
            entry = _entry(row)
            if entry is None:
                self.remove(key)  # the others of its key are no loss
                return []
            found[entry.variant] = entry
        for batch in batches:
            found = batch.applied_to(key, found)
        if not found:
            self.keys.discard(key)
        return sorted(found.values(), key=lambda one: one.requested_at, reverse=True)

    def put(self, entry: Entry) -> None:
        """Write a reply, soon; nothing if too much is waiting already."""
        with self._lock:
            waiting = self._pending.size
            if waiting and waiting + entry.size > BACKLOG_LIMIT_BYTES:
                return
            self._pending.put(entry)
            self.keys.add(entry.key)
            MARKS.tell()
            self._wake_keeper()

    def touch(self, entry: Entry) -> None:
        """Note that a reply was used; written with the next rows that are."""
        self._pending.used[entry.key, entry.variant] = _wall_clock()

    def remove(self, key: str) -> None:
        """Remove every variant of a reply."""
        with self._lock:
            self._pending.remove(key)
            self.keys.discard(key)
            self._wake_keeper()

    def remove_all(self) -> None:
        """Remove every reply."""
        with self._lock:
            self._pending = _Batch()
            self._pending.is_all_removed = True
            self.keys.clear()
            self._wake_keeper()

    def remove_since(self, since: float) -> None:
        """Remove the replies stored at or after a time, in seconds since 1970."""
        with self._lock:
            self._pending.remove_since(since)
            self._wake_keeper()

    def set_capacity(self, capacity: int) -> None:
        """Change how many bytes all replies may take, and remove what is beyond."""
        with self._lock:
            self._capacity = capacity
            self._pending.must_shrink = True
            self._wake_keeper()
        self.flush()

    def usage(self) -> int:
        """Return how many bytes all replies take; waits for what is being written."""
        self.flush()
        return self._reader.read(_total, 0)

    def flush(self) -> None:
        """Wait until all is written that was put in or removed before."""
        with self._lock:
            while not (self._pending.is_empty and self._writing.is_empty):
                self._is_hurried = True
                self._wake_keeper()
                if self._thread is None:  # none can be started at exit
                    self._write()
                else:
                    self._has_work.wait(GATHER_S)

    def close(self) -> None:
        """Write what is left, end the thread and close the file; it may be used on."""
        with self._lock:
            thread, self._is_stopping = self._thread, True
            self._is_hurried = True
            self._has_work.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_LIMIT_S)
        with self._lock:
            self._is_stopping = False
            has_left = self._pending.used or not self._pending.is_empty
            if self._thread is None and has_left:
                self._write()
        self._close_files()

    # -- the keeper: a thread that writes, and closes what it no longer needs ---------

    def _wake_keeper(self) -> None:
        self._start_keeper()
        self._has_work.notify_all()

    def _see_to_closing(self) -> None:
        """Have the connection closed that a look has opened, some time later."""
        is_open = self._reader.is_open or self._slow_reader.is_open
        if self._thread is None and is_open:
            with self._lock:
                self._start_keeper()

    def _start_keeper(self) -> None:
        if self._thread is not None:
            return
        self._thread = threading.Thread(
            target=self._keep, name="urlsession-cache", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter ends: `close` writes what is left
            self._thread = None

    def _keep(self) -> None:
        while True:
            with self._lock:
                if self._pending.is_empty and not self._is_stopping:
                    self._has_work.wait(LINGER_S)
                if self._pending.is_empty:
                    self._thread = None
                    break
                self._has_work.wait_for(lambda: self._is_hurried, GATHER_S)
                self._is_hurried = False
            self._write()
        self._close_files()

    def _close_files(self) -> None:
        self._reader.close()
        self._slow_reader.close()
        self._writer.close()

    def _write(self) -> None:
        with self._lock:
            self._writing, self._pending = self._pending, _Batch()
            batch, capacity = self._writing, self._capacity
        gone: list[str] = []

        def work(connection: sqlite3.Connection) -> None:
            gone[:] = _write_batch(connection, batch, capacity)

        self._writer.write(work)
        with self._lock:
            self._writing = _Batch()
            self.keys.difference_update(gone)
            self._has_work.notify_all()

    def _forget_after_fork(self) -> None:
        """What waits is the parent's to write, and the thread is not here."""
        self._lock = threading.RLock()
        self._has_work = threading.Condition(self._lock)
        self._thread = None
        self._pending = _Batch()
        self._writing = _Batch()


class _Batch:
    """Changes that are written together, in the order: removals, rows, uses, room."""

    __slots__ = (
        "is_all_removed",
        "must_shrink",
        "removed",
        "rows",
        "since",
        "size",
        "used",
    )

    def __init__(self) -> None:
        self.is_all_removed = False
        self.since: float | None = None
        self.removed: set[str] = set()
        self.rows: dict[_Name, Entry] = {}
        self.used: dict[_Name, float] = {}
        self.must_shrink = False
        self.size = 0

    @property
    def is_empty(self) -> bool:
        return not (
            self.rows
            or self.removed
            or self.is_all_removed
            or self.must_shrink
            or self.since is not None
        )

    def put(self, entry: Entry) -> None:
        name = entry.key, entry.variant
        old = self.rows.pop(name, None)
        self.size += entry.size - (0 if old is None else old.size)
        self.rows[name] = entry

    def remove(self, key: str) -> None:
        self._drop(lambda entry: entry.key == key)
        self.removed.add(key)

    def remove_since(self, since: float) -> None:
        self._drop(lambda entry: entry.stored_at >= since)
        self.since = since if self.since is None else min(self.since, since)

    def applied_to(self, key: str, found: dict[str, Entry]) -> dict[str, Entry]:
        """Return the replies of a key as they will be when this is written."""
        if self.is_all_removed or key in self.removed:
            found = {}
        since = self.since
        if since is not None:
            found = {v: one for v, one in found.items() if one.stored_at < since}
        for (one_key, variant), entry in list(self.rows.items()):
            if one_key == key:
                found[variant] = entry
        return found

    def _drop(self, is_gone: Callable[[Entry], bool]) -> None:
        for name, entry in list(self.rows.items()):
            if is_gone(entry):
                del self.rows[name]
                self.size -= entry.size


def _rows_beside_others(
    connection: sqlite3.Connection, key: str
) -> list[tuple[Any, ...]]:
    """Return the rows of a key, each large body read by itself."""
    rows: list[tuple[Any, ...]] = []
    connection.execute("BEGIN")  # the rows stay as they are to this connection
    try:
        for *columns, body, number in connection.execute(_FIND_SMALL_BODIES, (key,)):
            if body is None:
                body = _read_body(connection, number)  # noqa: PLW2901 - it was left out
            rows.append((*columns, body))
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
    return rows


def _read_body(connection: sqlite3.Connection, number: int) -> bytes:
    """Return a body; other threads go on meanwhile, as they do not with a plain row."""
    with connection.blobopen("reply", "body", number, readonly=True) as blob:
        return blob.read()


def _write_batch(
    connection: sqlite3.Connection, batch: _Batch, capacity: int
) -> list[str]:
    """Write a batch; return the keys of which nothing is left."""
    if batch.is_all_removed:
        connection.execute("DELETE FROM reply")
    if batch.since is not None:
        connection.execute("DELETE FROM reply WHERE stored_at >= ?", (batch.since,))
    connection.executemany(
        "DELETE FROM reply WHERE key = ?", [(key,) for key in batch.removed]
    )
    now = _wall_clock()
    connection.executemany(
        _PUT,
        (
            (*row, now, entry.size)
            for entry in batch.rows.values()
            if (row := _row(entry)) is not None
        ),
    )
    connection.executemany(
        "UPDATE reply SET used_at = ? WHERE key = ? AND variant = ?",
        [(at, key, variant) for (key, variant), at in list(batch.used.items())],
    )
    gone = _make_room(connection, capacity)
    if gone or batch.is_all_removed or batch.must_shrink:
        _give_back(connection)
    return gone


def _make_room(connection: sqlite3.Connection, capacity: int) -> list[str]:
    """Delete the replies used longest ago until the others fit."""
    excess = _total(connection) - capacity
    numbers: list[tuple[int]] = []
    keys: set[str] = set()
    if excess > 0:
        rows = connection.execute(
            "SELECT id, size, key FROM reply ORDER BY used_at, id"
        )
        for number, size, key in rows:
            numbers.append((number,))
            keys.add(key)
            excess -= size
            if excess <= 0:
                break
        rows.close()
        connection.executemany("DELETE FROM reply WHERE id = ?", numbers)
    query = "SELECT 1 FROM reply WHERE key = ? LIMIT 1"
    return [key for key in keys if connection.execute(query, (key,)).fetchone() is None]


def _give_back(connection: sqlite3.Connection) -> None:
    """Take free pages out of the file, but for some that will soon be wanted."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    for _ in range(free - _SPARE_PAGES):
        # One page each time: sqlite3 ends the statement after its first step.
        connection.execute("PRAGMA incremental_vacuum(1)")


def _total(connection: sqlite3.Connection) -> int:
    (total,) = connection.execute("SELECT SUM(size) FROM reply").fetchone()
    return total or 0


def _row(entry: Entry) -> tuple[object, ...] | None:
    """Return the columns of a reply; None if it cannot be written."""
    user_info = None
    if entry.user_info is not None:
        user_info = _json(entry.user_info)
        if user_info is None:
            return None
    if not _is_text(entry):
        return None
    head = b"\n".join(line.rstrip(b"\r\n") for line in entry.lines)
    return (
        entry.key,
        entry.variant,
        "\n".join(entry.names),
        entry.url,
        entry.status,
        entry.requested_at,
        entry.stored_at,
        zlib.crc32(entry.data, zlib.crc32(head)),
        user_info,
        head,
        entry.data,
    )


def _is_text(entry: Entry) -> bool:
    try:
        f"{entry.key}{entry.variant}{entry.url}".encode()
    except UnicodeEncodeError:  # half a surrogate pair, which SQLite does not take
        return False
    return True


def _entry(row: tuple[Any, ...]) -> Entry | None:
    """Return the reply that a row holds; None if it is damaged."""
    try:
        key, variant, names, url, status, requested_at, stored_at = row[:7]
        checksum, user_info, head, body = row[7:]
        if zlib.crc32(body, zlib.crc32(head)) != checksum:
            return None
        if status and not 100 <= status <= 999:
            return None
        return Entry(
            key,
            tuple(names.split("\n")) if names else (),
            variant,
            url=url,
            status=status,
            lines=tuple(head.split(b"\n")),
            data=body,
            requested_at=float(requested_at),
            stored_at=float(stored_at),
            user_info=None if user_info is None else _from_json(user_info),
            policy=StoragePolicy.ALLOWED,
        )
    except (TypeError, ValueError, AttributeError):  # a column of another kind
        return None


def _json(values: Mapping[str, object]) -> str | None:
    import json  # only for programs that keep values of their own

    try:
        return json.dumps(dict(values), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _from_json(text: str) -> dict[str, object]:
    import json

    values = json.loads(text)
    if not isinstance(values, dict):
        raise TypeError("no JSON object")
    return values


# Ages are told in dates of HTTP, and replies outlive the process: no monotonic clock.
_wall_clock = time.time  # noqa: TID251

_FILES: weakref.WeakSet[CacheFile] = weakref.WeakSet()


def _close_at_exit() -> None:
    for file in list(_FILES):
        file.close()


def _forget_after_fork() -> None:
    for file in list(_FILES):
        file._forget_after_fork()


atexit.register(_close_at_exit)
os.register_at_fork(after_in_child=_forget_after_fork)
