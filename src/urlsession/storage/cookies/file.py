"""Cookies on disk: the rows of a file that several programs' processes may share.

Decides what is written (cookies that have an expiry, and nothing else), how little has
to be read when another process has written, and what happens to rows that are no
cookies. Must not know which cookies are taken or sent. What the file does when it is
damaged or cannot be written is `storage.database`'s.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..signal import ChangeSignal
from .jar import CookieJar, Key
from .policy import CookieSameSitePolicy

if TYPE_CHECKING:
    import sqlite3

    from ..database import Database
    from .cookie import HTTPCookie

__all__ = ("CookieFile",)

LOOK_EVERY_S = 0.001
"""How long what another process has written may go unseen, in seconds."""

RETRY_AFTER_S = 10.0
"""How long nothing is tried after the file could not be written, in seconds."""

# `revision` grows with every transaction, and `removals` with those that took a row
# away: who knows both knows whether to read the new rows or all of them.
_STEPS = (
    """
    CREATE TABLE cookies (
        domain TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL,
        value TEXT NOT NULL, expires REAL NOT NULL, created REAL NOT NULL,
        stored REAL NOT NULL, is_secure INTEGER NOT NULL, is_http_only INTEGER NOT NULL,
        same_site TEXT, rest TEXT, revision INTEGER NOT NULL,
        PRIMARY KEY (domain, path, name)
    ) WITHOUT ROWID;
    CREATE INDEX cookies_by_revision ON cookies (revision);
    CREATE TABLE state (revision INTEGER NOT NULL, removals INTEGER NOT NULL);
    INSERT INTO state VALUES (0, 0)
    """,
)
_COLUMNS = (
    "domain, path, name, value, expires, created, stored, is_secure, is_http_only, "
    "same_site, rest"
)
_DOMAIN = r"\.?[a-z0-9][a-z0-9._~:%\-]*"
# What few cookies have, as JSON.
_REST = ("version", "comment", "comment_url", "port_list", "is_set_by_javascript")


_State = tuple[int, int]
"""(revision, removals)."""


class CookieFile:
    """Keeps what a jar holds in a file, and the jar up to date with it.

    Not safe for threads: the storage has a lock. Times are in seconds since 1970.

    Args:
        path: The SQLite file; made when there is a first cookie to keep.

    Attributes:
        path: The SQLite file.
        look_at: Until when `is_stale` is False for sure, in monotonic seconds.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._database: Database | None = None
        self._signal = ChangeSignal(os.path.splitext(path)[0] + ".changed")
        self._state = (0, 0)
        self._is_stale = True
        self.look_at = 0.0
        self._kept: set[Key] = set()
        self._unsaved: dict[Key, HTTPCookie | None] = {}
        self._retry_at = 0.0
        self._has_told = False

    def refresh(self, jar: CookieJar, now: float) -> None:
        """Bring `jar` up to date with what other processes have written."""
        self._is_stale = False
        if self._database is None and not os.access(self.path, os.F_OK):
            return
        found = self._opened().read(self._read, None)
        if found is None:
            return
        state, rows = found
        is_whole = state[1] != self._state[1] or not self._state[0]
        self._state = state
        read: set[Key] = set()
        for row in rows:
            cookie, stored_at = self._cookie_of(row)
            if cookie is None:
                continue
            read.add(cookie.key)
            if cookie.key not in self._unsaved:
                jar.put(cookie, now, stored_at=stored_at)
        if is_whole:
            self._kept = read
            gone = [
                cookie.key
                for cookie in jar
                if not cookie.is_session_only
                and cookie.key not in read
                and cookie.key not in self._unsaved
            ]
            for key in gone:
                jar.remove(key)
        else:
            self._kept |= read
        jar.take_changes()
        # Expired, or too many: to be taken away with the next change.
        for key in read - self._unsaved.keys():
            if jar.get(key) is None:
                self._unsaved[key] = None

    def is_stale(self) -> bool:
        """Return whether `refresh` has something to read."""
        now = time.monotonic()
        if now >= self.look_at:
            if self._signal.is_raised():
                self._is_stale = True
            if not self._is_stale:
                self.look_at = now + LOOK_EVERY_S
        return self._is_stale

    def save(self, changes: Mapping[Key, HTTPCookie | None], now: float) -> None:
        """Write what has changed: the new cookie of a key, or None if it is gone.

        What cannot be written is tried again with a later change.
        """
        for key, cookie in changes.items():
            kept = None if cookie is None or cookie.is_session_only else cookie
            if kept is not None or key in self._kept:
                self._unsaved[key] = kept
            else:
                self._unsaved.pop(key, None)
        if not any(key in self._unsaved for key in changes):
            return
        if time.monotonic() < self._retry_at:
            return
        unsaved = self._unsaved
        if not self._opened().write(lambda one: self._write(one, unsaved, now)):
            self._retry_at = time.monotonic() + RETRY_AFTER_S
            return
        self._retry_at = 0.0
        self._unsaved = {}
        for key, cookie in unsaved.items():
            if cookie is None:
                self._kept.discard(key)
            else:
                self._kept.add(key)
        if self._signal.raise_() or self._is_stale:
            self._is_stale = True
            self.look_at = 0.0

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._database is not None:
            self._database.close()

    def _opened(self) -> Database:
        if self._database is None:
            # 10 ms that a program without cookies on disk need not pay.
            from pathlib import Path

            from ..database import Database

            self._database = Database(Path(self.path), _STEPS)
        return self._database

    def _read(
        self, connection: sqlite3.Connection
    ) -> tuple[_State, list[tuple[Any, ...]]]:
        # What is no UTF-8 must not keep us from reading the other rows.
        connection.text_factory = _text
        connection.execute("BEGIN")
        try:
            state = _state(connection)
            revision, removals = self._state
            after = revision if removals == state[1] else -1
            query = f"SELECT {_COLUMNS} FROM cookies WHERE revision > ?"  # noqa: S608  # the columns are ours
            return state, connection.execute(query, (after,)).fetchall()
        finally:
            connection.execute("COMMIT")

    def _write(
        self,
        connection: sqlite3.Connection,
        changes: Mapping[Key, HTTPCookie | None],
        now: float,
    ) -> None:
        state = _state(connection)
        if state != self._state:  # another process was quicker: see what it wrote
            self._is_stale = True
        revision = state[0] + 1
        removed = 0
        for key, cookie in changes.items():
            if cookie is None:
                removed += connection.execute(
                    "DELETE FROM cookies WHERE domain = ? AND path = ? AND name = ?",
                    key,
                ).rowcount
            else:
                connection.execute(
                    "INSERT OR REPLACE INTO cookies VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                    (*_row_of(cookie, now), revision),
                )
        removals = state[1] + bool(removed)
        connection.execute(
            "UPDATE state SET revision = ?, removals = ?", (revision, removals)
        )
        if not self._is_stale:
            self._state = (revision, removals)

    def _cookie_of(self, row: tuple[Any, ...]) -> tuple[HTTPCookie | None, float]:
        try:
            return _checked_cookie(row), float(row[6])
        except (ValueError, TypeError, OverflowError) as error:
            if not self._has_told:
                self._has_told = True
                import logging  # 5 ms that a program without trouble need not pay

                logging.getLogger("urlsession").warning(
                    "%s holds rows that are no cookies, which are left out: %s",
                    self.path,
                    error,
                )
            return None, 0.0


def _state(connection: sqlite3.Connection) -> _State:
    row = connection.execute("SELECT revision, removals FROM state").fetchone()
    if row is None or not all(isinstance(one, int) for one in row):
        return (0, -1)  # somebody else's work: take it as it may be
    return row[0], row[1]


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _row_of(cookie: HTTPCookie, now: float) -> Iterable[object]:
    return (
        cookie.domain,
        cookie.path,
        cookie.name,
        cookie.value,
        cookie.expires_at,
        cookie.created_at,
        now,
        cookie.is_secure,
        cookie.is_http_only,
        cookie.same_site_policy,
        _rest_of(cookie),
    )


def _rest_of(cookie: HTTPCookie) -> str | None:
    rest = {name: value for name in _REST if (value := getattr(cookie, name))}
    if not rest:
        return None
    import json  # for cookies that the program itself has made

    return json.dumps(rest)


def _checked_cookie(row: tuple[Any, ...]) -> HTTPCookie:
    """Return the cookie of a row.

    Raises:
        ValueError, TypeError, OverflowError: It is none.
    """
    from .cookie import HTTPCookie  # 2 ms that a program without cookies need not pay

    domain, path, name, value, expires, created, _, secure, http_only, site, rest = row
    if not all(isinstance(one, str) for one in (domain, path, name, value)):
        raise TypeError("a name, value, domain or path is no text")
    if not re.fullmatch(_DOMAIN, domain):
        raise ValueError(f"{domain!r} is no domain")
    if not (math.isfinite(expires) and math.isfinite(created)):
        raise ValueError("a time is not finite")
    return HTTPCookie.of(
        name,
        value,
        domain,
        path,
        created_at=float(created),
        expires_at=float(expires),
        is_secure=bool(secure),
        is_http_only=bool(http_only),
        same_site_policy=None if site is None else CookieSameSitePolicy(site),
        **({} if rest is None else _checked_rest(rest)),
    ).checked()


def _checked_rest(text: str) -> dict[str, object]:
    import json

    found = json.loads(text)
    if not isinstance(found, dict) or not found.keys() <= set(_REST):
        raise ValueError("the rest of a cookie cannot be read")
    if (ports := found.get("port_list")) is not None:
        found["port_list"] = tuple(map(int, ports))
    return found
