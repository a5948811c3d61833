"""Cookies on disk, shared by processes, and disks in trouble."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from urlsession.storage.cookies import file as file_module
from urlsession.storage.cookies.cookie import HTTPCookie
from urlsession.storage.cookies.file import CookieFile
from urlsession.storage.cookies.jar import CookieJar
from urlsession.storage.cookies.policy import CookieSameSitePolicy

NOW = 1000.0


class Process:
    """What one process has: a jar, and its own view of the file."""

    def __init__(self, path: Path) -> None:
        self.jar = CookieJar()
        self.file = CookieFile(str(path))

    def put(self, *cookies: HTTPCookie, now: float = NOW) -> None:
        self.look(now)
        for one in cookies:
            self.jar.put(one, now)
        self.file.save(self.jar.take_changes(), now)

    def remove(self, name: str) -> None:
        self.look()
        self.jar.remove(("x.example", "/", name))
        self.file.save(self.jar.take_changes(), NOW)

    def look(self, now: float = NOW) -> None:
        if self.file.is_stale():
            self.file.refresh(self.jar, now)

    @property
    def names(self) -> list[str]:
        self.look()
        return sorted(one.name for one in self.jar)


class Processes:
    """Several views of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.all: list[Process] = []

    def start(self) -> Process:
        self.all.append(Process(self.path))
        return self.all[-1]


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Return what starts processes; they look at the file each time."""
    monkeypatch.setattr(file_module, "LOOK_EVERY_S", 0.0)
    made = Processes(tmp_path / "kept" / "cookies.db")
    yield made
    for one in made.all:
        one.file.close()


def cookie(
    name: str = "a", value: str = "1", expires_in: float | None = 60
) -> HTTPCookie:
    """Return a cookie with an expiry, unless told otherwise."""
    expires_at = None if expires_in is None else NOW + expires_in
    return HTTPCookie.of(
        name, value, "x.example", "/", created_at=NOW, expires_at=expires_at
    )


def rows(path: Path) -> list[tuple[object, ...]]:
    """Return the names and values in a file."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name, value FROM cookies ORDER BY name"
        return connection.execute(query).fetchall()


def test_cookie_is_there_in_the_next_process(processes: Processes) -> None:
    """With everything it is."""
    whole = HTTPCookie(
        {
            "Name": "ä",
            "Value": '"ÿ"',
            "Domain": ".x.example",
            "Path": "/cart",
            "Expires": "Tue, 04 Mar 2031 00:00:00 GMT",
            "Secure": True,
            "HttpOnly": True,
            "SameSite": CookieSameSitePolicy.LAX,
            "Version": 1,
            "Comment": "why",
            "Port": "80,443",
        }
    )
    processes.start().put(whole)

    second = processes.start()
    second.look()

    assert list(second.jar) == [whole]
    assert next(iter(second.jar)).created_at == whole.created_at


def test_nothing_is_made_before_there_is_something_to_keep(
    processes: Processes,
) -> None:
    """Looking makes no file, and neither does what is not kept."""
    process = processes.start()

    process.put(cookie(expires_in=None))
    process.remove("a")

    assert process.names == []
    assert not processes.path.parent.exists()


def test_cookie_without_an_expiry_is_never_written(processes: Processes) -> None:
    """Not even where one with an expiry was: that one goes."""
    process = processes.start()
    process.put(cookie("a"), cookie("b"))

    process.put(cookie("a", expires_in=None), cookie("c", expires_in=None))

    assert rows(processes.path) == [("b", "1")]
    assert process.names == ["a", "b", "c"]
    assert processes.start().names == ["b"]


def test_processes_see_what_the_other_does(processes: Processes) -> None:
    """New, changed, gone; and what is their own stays."""
    one, other = processes.start(), processes.start()
    other.put(cookie("own", expires_in=None))

    one.put(cookie("a"), cookie("b"))
    assert other.names == ["a", "b", "own"]
    other.put(cookie("a", "2"))
    one.look()
    found = one.jar.get(("x.example", "/", "a"))
    assert found is not None
    assert found.value == "2"
    one.remove("b")

    assert other.names == ["a", "own"]


def test_file_is_looked_at_once_in_a_while(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks nothing costs anything, and nothing is seen."""
    one, other = processes.start(), processes.start()
    monkeypatch.setattr(file_module, "LOOK_EVERY_S", 3600.0)
    assert other.names == []
    assert not other.file.is_stale()

    one.put(cookie("a"))

    assert other.names == []
    other.file.look_at = 0.0
    assert other.names == ["a"]


def test_two_that_write_at_once_miss_nothing(processes: Processes) -> None:
    """Each learns at its own writing that the other has written."""
    one, other = processes.start(), processes.start()
    one.put(cookie("a"))
    other.look()
    for process, name in ((one, "b"), (other, "c")):
        process.jar.put(cookie(name), NOW)
        process.file.save(process.jar.take_changes(), NOW)

    assert one.names == ["a", "b", "c"]
    assert other.names == ["a", "b", "c"]


def test_only_new_rows_are_read_when_none_was_taken_away(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three thousand cookies are not read again for one."""
    one, other = processes.start(), processes.start()
    one.put(*(cookie(f"c{n}") for n in range(100)))
    other.look()
    read: list[str] = []
    checked = file_module._checked_cookie

    def noted(row: tuple[Any, ...]) -> HTTPCookie:
        read.append(row[2])
        return checked(row)

    monkeypatch.setattr(file_module, "_checked_cookie", noted)

    one.put(cookie("new"))
    other.look()

    assert read == ["new"]


def test_expired_rows_go_with_the_next_change(processes: Processes) -> None:
    """They are not read, and do not stay for ever."""
    processes.start().put(cookie("old", expires_in=5), cookie("new"))
    later = processes.start()
    later.look(NOW + 10)

    assert [one.name for one in later.jar] == ["new"]
    later.put(cookie("b"), now=NOW + 10)
    assert rows(processes.path) == [("b", "1"), ("new", "1")]


def test_removed_file_is_made_again(processes: Processes) -> None:
    """With what is set from then on; memory keeps the rest."""
    process = processes.start()
    process.put(cookie("a"))
    for path in processes.path.parent.iterdir():
        path.unlink()

    process.put(cookie("b"))

    assert rows(processes.path) == [("b", "1")]


@pytest.mark.parametrize(
    "content",
    [b"", b"SQLite format 3\x00", b"nonsense" * 1000, bytes(8192)],
    ids=["empty", "header", "text", "zeros"],
)
def test_damaged_file_is_begun_anew(
    processes: Processes, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing raises; cookies are kept again."""
    processes.path.parent.mkdir()
    processes.path.write_bytes(content)
    process = processes.start()

    process.put(cookie("a"))

    assert process.names == ["a"]
    assert rows(processes.path) == [("a", "1")]


def test_truncated_file_is_begun_anew(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of a page, with the log beside it gone."""
    first = processes.start()
    first.put(*(cookie(f"c{n}", "x" * 500) for n in range(100)))
    first.file.close()
    content = processes.path.read_bytes()
    processes.path.write_bytes(content[: len(content) // 2 + 17])

    second = processes.start()
    second.put(cookie("new"))

    assert "new" in second.names
    assert processes.start().names == ["new"]
    assert len(caplog.records) == 1


def test_file_of_a_later_version_is_set_aside(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not touched, and cookies are kept in a new one."""
    processes.path.parent.mkdir()
    with closing(sqlite3.connect(processes.path)) as connection:
        connection.execute("CREATE TABLE cookies (of_the_future)")
        connection.execute("PRAGMA user_version = 99")

    processes.start().put(cookie("a"))

    assert rows(processes.path) == [("a", "1")]
    assert [one.name for one in processes.path.parent.glob("*.newer")] == [
        "cookies.db.newer"
    ]


def test_rows_of_others_are_left_out(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is no cookie does not keep us from reading those that are."""
    good = processes.start()
    good.put(cookie("a"))
    row = {
        "domain": "x.example",
        "path": "/",
        "name": "n",
        "value": "1",
        "expires": NOW + 60,
        "created": NOW,
        "stored": NOW,
        "is_secure": 0,
        "is_http_only": 0,
        "same_site": None,
        "rest": None,
        "revision": 1,
    }
    nonsense: list[dict[str, object]] = [
        {"name": "a\r\nX: y"},
        {"value": "1; b=2", "name": "b"},
        {"value": b"\xff\xfe", "name": "c"},
        {"domain": "", "name": "d"},
        {"domain": "x.example/..", "name": "e"},
        {"path": "nowhere", "name": "f"},
        {"expires": "soon", "name": "g"},
        {"expires": float("inf"), "name": "h"},
        {"same_site": "loose", "name": "i"},
        {"rest": "{", "name": "j"},
        {"rest": '{"port_list": ["x"]}', "name": "k"},
        {"rest": "[1]", "name": "l"},
        {"value": "x" * 100_000, "name": "m"},
        {"stored": "then", "name": "o"},
    ]
    with closing(sqlite3.connect(processes.path)) as connection:
        for change in nonsense:
            values = row | change
            marks = ",".join(f":{name}" for name in values)
            connection.execute(f"INSERT INTO cookies VALUES ({marks})", values)
        connection.execute(
            "INSERT INTO cookies SELECT domain, path, 'utf', CAST(x'ff41' AS TEXT), "
            "expires, created, stored, 0, 0, NULL, NULL, 1 FROM cookies WHERE name = 'a'"
        )
        connection.commit()

    process = processes.start()

    assert process.names == ["a", "utf"]
    assert [one.levelno for one in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE state",
        "DELETE FROM state",
        "UPDATE state SET revision = 'many'",
        "ALTER TABLE cookies RENAME TO biscuits",
        "ALTER TABLE cookies DROP COLUMN rest",
    ],
)
def test_foreign_tables_do_no_harm(
    processes: Processes, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be kept is in memory."""
    processes.start().put(cookie("a"))
    with closing(sqlite3.connect(processes.path)) as connection:
        connection.execute(script)
        connection.commit()

    process = processes.start()
    process.put(cookie("b"))

    assert "b" in process.names
    assert len(caplog.records) <= 1


def test_what_cannot_be_written_is_in_memory_and_tried_again(
    processes: Processes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the folder should be there is a file, for a while."""
    processes.path.parent.write_bytes(b"")
    process = processes.start()
    process.put(cookie("a"))
    process.put(cookie("b"))
    assert process.names == ["a", "b"]
    assert len(caplog.records) == 1

    processes.path.parent.unlink()
    monkeypatch.setattr(file_module, "RETRY_AFTER_S", 0.0)
    process.file._retry_at = 0.0
    process.put(cookie("c"))

    assert rows(processes.path) == [("a", "1"), ("b", "1"), ("c", "1")]


def test_busy_file_is_written_later(
    processes: Processes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another process holds it for too long: cookies are in memory meanwhile."""
    monkeypatch.setattr("urlsession.storage.database.BUSY_TIMEOUT_S", 0.01)
    process = processes.start()
    process.put(cookie("a"))
    with closing(sqlite3.connect(processes.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        process.put(cookie("b"))
        process.put(cookie("c"))  # not tried again so soon
        other.execute("ROLLBACK")
    assert process.names == ["a", "b", "c"]
    assert rows(processes.path) == [("a", "1")]
    assert len(caplog.records) == 1

    process.file._retry_at = 0.0
    process.put(cookie("d"))

    assert [name for name, _ in rows(processes.path)] == ["a", "b", "c", "d"]


def test_read_only_file_is_read(
    processes: Processes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And what is new stays in memory."""
    first = processes.start()
    first.put(cookie("a"))
    first.file.close()
    with closing(sqlite3.connect(processes.path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    processes.path.chmod(0o400)
    monkeypatch.setattr(
        "urlsession.storage.database._set_up", _raise_read_only
    )  # root writes everywhere, so the mode alone does not show it
    process = processes.start()

    assert process.names == ["a"]
    process.put(cookie("b"))
    assert process.names == ["a", "b"]
    assert rows(processes.path) == [("a", "1")]
    assert len(caplog.records) == 1


def _raise_read_only(_connection: object) -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY
    raise error
