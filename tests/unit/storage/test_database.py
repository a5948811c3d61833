"""The SQLite file of a store, in trouble of every kind."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from urlsession.storage.database import Database

STEPS = ("CREATE TABLE word (text TEXT)",)

# What a program of another process begins with.
PRELUDE = f"""
import logging, os, sqlite3, sys
from pathlib import Path
from urlsession.storage.database import Database

def add(word):
    return database.write(lambda c: c.execute("INSERT INTO word VALUES (?)", (word,)))

def words():
    return database.read(lambda c: [w for w, in c.execute("SELECT text FROM word")], [])

database = Database(Path(sys.argv[1]), {STEPS!r})
"""

# Modes of files mean nothing to root.
# What `Path.as_uri` of Python 3.13 loads late may be where that user cannot read.
WITHOUT_RIGHTS = """
import urllib.parse
if not os.geteuid(): os.seteuid(65534)
"""

Open = Callable[..., Database]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that a user without rights can reach as well."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "store" / "words.sqlite"


@pytest.fixture
def opened() -> Iterator[Open]:
    """Return a function that makes a database which is closed after the test."""
    made: list[Database] = []

    def make(path: Path, steps: tuple[str, ...] = STEPS) -> Database:
        made.append(Database(path, steps))
        return made[-1]

    yield make
    for one in made:
        one.close()


def add(database: Database, *words: str) -> bool:
    def work(connection: sqlite3.Connection) -> None:
        for word in words:
            connection.execute("INSERT INTO word VALUES (?)", (word,))

    return database.write(work)


def words(database: Database) -> list[str]:
    def work(connection: sqlite3.Connection) -> list[str]:
        rows = connection.execute("SELECT text FROM word ORDER BY rowid")
        return [text for (text,) in rows]

    return database.read(work, [])


def run(program: str, *arguments: str) -> str:
    """Run a program that has a database; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_nothing_is_made_before_the_first_write(path: Path, opened: Open) -> None:
    """Neither by making the object nor by reading."""
    database = opened(path)

    assert words(database) == []
    assert not path.parent.exists()


def test_rows_are_there_when_the_file_is_opened_again(path: Path, opened: Open) -> None:
    """What was written is read by the next connection."""
    database = opened(path)
    assert add(database, "one", "two")
    database.close()

    assert words(database) == ["one", "two"]
    assert words(opened(path)) == ["one", "two"]


def test_file_and_folder_are_the_users_own(path: Path, opened: Open) -> None:
    """0600 and 0700 whatever the umask, with the files that SQLite puts beside it."""
    before = os.umask(0)
    try:
        add(opened(path), "one")
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {
        0o600
    }


def test_write_that_fails_leaves_nothing_of_itself(path: Path, opened: Open) -> None:
    """A transaction happens or does not."""
    database = opened(path)
    add(database, "one")

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO word VALUES ('two')")
        raise KeyError("two")

    with pytest.raises(KeyError):
        database.write(work)

    assert words(database) == ["one"]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda whole: whole[: len(whole) // 2 + 100],
    "truncated within the head": lambda whole: whole[:60],
    "not a database": lambda whole: b"gone, all gone" * 1000,
    "zeroes after the head": lambda whole: whole[:100] + bytes(len(whole) - 100),
    "noise from the second page on": lambda whole: (
        whole[:4096] + b"\xa5" * (len(whole) - 4096)
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_file_is_set_aside_with_one_warning(
    path: Path,
    opened: Open,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    """The store begins anew and says so once; the old file is kept."""
    first = opened(path)
    add(first, *("word " * 100 for _ in range(100)))
    first.close()
    path.write_bytes(damage(path.read_bytes()))
    database = opened(path)

    words(database)
    assert add(database, "new")

    assert words(database) == ["new"]
    assert [one.levelno for one in caplog.records] == [logging.WARNING]
    assert "set aside as words.sqlite.corrupt" in caplog.text
    assert path.with_name("words.sqlite.corrupt").exists()


def test_empty_file_is_a_new_one(
    path: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """As the kill of a process leaves it that had only just made it."""
    path.parent.mkdir()
    path.touch()
    database = opened(path)

    assert words(database) == []
    assert add(database, "one")
    assert words(database) == ["one"]
    assert not caplog.records


def test_newer_file_is_set_aside_whole(
    path: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """A later program finds its rows in it again."""
    newer = opened(path, (*STEPS, "ALTER TABLE word ADD COLUMN kind TEXT"))
    add_later = newer.write(
        lambda connection: connection.execute("INSERT INTO word VALUES ('x', 'y')")
    )
    newer.close()
    database = opened(path)

    assert add_later
    assert words(database) == []
    assert add(database, "old")
    assert words(database) == ["old"]
    assert len(caplog.records) == 1
    assert "has version 2, this program knows 1" in caplog.text
    with closing(sqlite3.connect(path.with_name("words.sqlite.newer"))) as aside:
        assert aside.execute("SELECT * FROM word").fetchall() == [("x", "y")]


def test_older_file_gets_the_missing_steps(path: Path, opened: Open) -> None:
    """Its rows stay."""
    old = opened(path)
    add(old, "one")
    old.close()
    steps = (
        *STEPS,
        "ALTER TABLE word ADD COLUMN kind TEXT DEFAULT 'k'; CREATE TABLE b (c)",
    )
    database = opened(path, steps)

    rows: list[tuple[str, str]] = database.read(
        lambda connection: connection.execute("SELECT text, kind FROM word").fetchall(),
        [],
    )

    assert rows == [("one", "k")]


def test_read_only_file_is_read_and_refuses_writes(folder: Path, path: Path) -> None:
    """By a user who may not write there; told once, however often it is tried."""
    made = Database(path, STEPS)
    add(made, "one")
    made.close()
    for one in (path, path.parent):
        os.chmod(one, 0o555 if one.is_dir() else 0o444)
    try:
        printed = run(
            WITHOUT_RIGHTS + "print(words(), add('two'), add('three'), words())",
            str(path),
        )
    finally:
        os.chmod(path.parent, 0o755)

    assert "['one'] False False ['one']" in printed
    assert printed.count("could not be used") == 1
    assert [one.name for one in path.parent.iterdir()] == ["words.sqlite"]


def test_folder_that_cannot_be_made_is_told_once(folder: Path) -> None:
    """The store goes on in memory."""
    os.chmod(folder, 0o555)

    printed = run(
        WITHOUT_RIGHTS + "print(words(), add('two'), add('three'), words())",
        str(folder / "a" / "words.sqlite"),
    )

    assert "[] False False []" in printed
    assert printed.count("could not be used") == 1


def test_file_in_the_place_of_the_folder_is_told_once(
    folder: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """What stands there is not touched."""
    (folder / "store").write_text("a file")
    database = opened(folder / "store" / "words.sqlite")

    assert not add(database, "one")
    assert words(database) == []
    assert len(caplog.records) == 1
    assert (folder / "store").read_text() == "a file"


def test_folder_removed_while_open_is_made_again(path: Path, opened: Open) -> None:
    """Writing goes on in a new file, not in one that no name leads to."""
    database = opened(path)
    add(database, "one")
    for one in path.parent.iterdir():
        one.unlink()
    path.parent.rmdir()

    assert words(database) == []
    assert add(database, "two")
    assert words(opened(path)) == ["two"]


def test_full_disk_loses_the_transaction_and_not_the_file(path: Path) -> None:
    """What is there stays readable, and writing goes on when there is room."""
    limit = 200_000
    printed = run(
        "import resource\n"
        "print(add('one'))\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))\n"
        "print(add('x' * 1_000_000), words())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "print(add('two'), words())\n",
        str(path),
    )

    assert "True\nFalse ['one']\nTrue ['one', 'two']" in printed
    assert printed.count("could not be used") == 1


def test_two_processes_lose_no_row(path: Path, opened: Open) -> None:
    """They begin with no file, so they also race for making it."""
    program = "for n in range(100):\n    assert add(f'{sys.argv[2]} {n}')\n"
    failures: list[BaseException] = []

    def other(name: str) -> None:
        try:
            run(program, str(path), name)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=other, args=(name,)) for name in "abc"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert failures == []
    assert len(set(words(opened(path)))) == 300


def test_two_processes_set_a_damaged_file_aside_once(path: Path, opened: Open) -> None:
    """Neither renames the new file that the other has just begun."""
    path.parent.mkdir()
    path.write_bytes(b"damaged " * 1000)
    printed: list[str] = []
    threads = [
        threading.Thread(
            target=lambda name: printed.append(
                run("print(add(sys.argv[2]))", str(path), name)
            ),
            args=(name,),
        )
        for name in "abcd"
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(words(opened(path))) == ["a", "b", "c", "d"]
    assert "".join(printed).count("set aside") == 1


def test_threads_share_one_connection(path: Path, opened: Open) -> None:
    """Each transaction has it to itself."""
    database = opened(path)
    threads = [
        threading.Thread(target=lambda: [add(database, "w") for _ in range(50)])
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(words(database)) == 200


def test_forked_child_opens_the_file_for_itself(path: Path) -> None:
    """Parent and child write on; a transaction of the parent's thread is not cut."""
    printed = run(
        "import threading\n"
        "stop = threading.Event()\n"
        "def writing():\n"
        "    while not stop.is_set(): add('thread')\n"
        "add('parent')\n"
        "thread = threading.Thread(target=writing); thread.start()\n"
        "for n in range(5):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        os._exit(0 if add('child') and 'parent' in words() else 1)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "stop.set(); thread.join()\n"
        "print(words().count('child'), add('last'), 'last' in words())\n",
        str(path),
    )

    assert "5 True True" in printed


@pytest.mark.slow
def test_kill_in_the_middle_leaves_whole_transactions(path: Path, opened: Open) -> None:
    """Each transaction wrote a pair; after every kill there are pairs only."""
    program = (
        "n = 0\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    n += 1\n"
        "    database.write(lambda c: [c.execute('INSERT INTO word VALUES (?)',"
        " (str(n) * 500,)) for _ in '12'])\n"
    )
    for turn in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", PRELUDE + program, str(path)],
            stdout=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            threading.Event().wait(0.01 + 0.007 * turn)
            child.kill()
        database = opened(path)

        assert len(words(database)) % 2 == 0

        database.close()
    assert words(opened(path))
    assert not path.with_name("words.sqlite.corrupt").exists()


def test_python_without_sqlite3_keeps_nothing(
    path: Path,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Some are built so; a store works without its file."""
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    database = opened(path)

    assert not add(database, "one")
    assert words(database) == []
    assert len(caplog.records) == 1
