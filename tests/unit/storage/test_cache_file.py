"""The part of a cache that is on disk, written behind the program."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from urlsession.storage import cache_file
from urlsession.storage.cache_file import FILE_NAME, CacheFile
from urlsession.storage.cached_response import Entry
from urlsession.testing import wait_until

PROGRAM = """
import os, sys
from pathlib import Path
from urlsession.storage import cache_file
from urlsession.storage.cache_file import CacheFile
from urlsession.storage.cached_response import Entry

cache_file.GATHER_S = 0.0
def entry(key, data=b"body"):
    return Entry(key, (), "", url=key, status=200, lines=(b"HTTP/1.1 200 OK",),
                 data=data, requested_at=1.0, stored_at=2.0)
file = CacheFile(Path(sys.argv[1]), 1 << 20)
"""

Open = Callable[..., CacheFile]


@pytest.fixture(autouse=True)
def quick_keeper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "LINGER_S", 0.05)
    monkeypatch.setattr(cache_file, "GATHER_S", 0.001)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens the file of the test's folder."""
    made: list[CacheFile] = []

    def make(capacity: int = 1 << 20, folder: Path = tmp_path) -> CacheFile:
        made.append(CacheFile(folder / "cache", capacity))
        return made[-1]

    yield make
    for one in made:
        one.close()


def entry(key: str = "k", data: bytes = b"body", **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "url": key,
        "status": 200,
        "lines": (b"HTTP/1.1 200 OK", b"ETag: 1"),
        "data": data,
        "requested_at": 1.0,
        "stored_at": 2.0,
    }
    variant = changes.pop("variant", "")
    names = changes.pop("names", ())
    return Entry(key, names, variant, **(values | changes))


def again(file: CacheFile, opened: Open) -> CacheFile:
    """Return the file as another process sees it."""
    file.flush()
    other = opened()
    other.look_for_new(0.0)
    return other


def test_nothing_is_made_by_looking(tmp_path: Path, opened: Open) -> None:
    """A program that stores nothing leaves nothing, and needs no thread."""
    file = opened()
    file.look_for_new(0.0)

    assert file.find("k") == []
    assert file.usage() == 0
    assert not (tmp_path / "cache").exists()
    assert file._thread is None


def test_reply_comes_back_as_it_was(opened: Open) -> None:
    """Every part of it."""
    stored = entry(
        "k",
        b"\x00\xff" * 1000,
        names=("accept", "foo"),
        variant="accept:a\nfoo:b",
        lines=(b"HTTP/1.1 200 OK", b"X: \xe9"),
        user_info={"a": [1, None]},
        url="u",
    )
    file = opened()
    file.put(stored)
    other = again(file, opened)

    (found,) = other.find("k")

    assert "k" in other.keys
    for name in Entry.__slots__:
        assert getattr(found, name) == getattr(stored, name), name


def test_reply_counts_before_it_is_written(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so does its removal."""
    monkeypatch.setattr(cache_file, "GATHER_S", 10.0)
    file = opened()
    file.put(entry("a"))
    file.put(entry("b"))
    file.put(entry("b", b"newer"))

    assert [one.data for one in file.find("b")] == [b"newer"]

    file.remove("a")
    assert file.find("a") == []
    file.remove_all()
    assert file.find("b") == []
    assert file.usage() == 0


def test_variants_live_side_by_side(opened: Open) -> None:
    """One takes the place of the same one only; the newest comes first."""
    file = opened()
    file.put(entry(variant="a:1", names=("a",), requested_at=1.0))
    file.put(entry(variant="a:2", names=("a",), requested_at=2.0))
    file.flush()
    file.put(entry(variant="a:1", names=("a",), requested_at=3.0))

    assert [one.requested_at for one in file.find("k")] == [3.0, 2.0]
    assert [one.requested_at for one in again(file, opened).find("k")] == [3.0, 2.0]


def test_replies_used_longest_ago_make_room(opened: Open) -> None:
    """The size stays below the capacity, and using counts."""
    size = entry("k0", b"x" * 1000).size
    file = opened(size * 5)
    for n in range(5):
        file.put(entry(f"k{n}", b"x" * 1000))
        file.flush()
    file.touch(entry("k0", b"x" * 1000))
    for n in (5, 6):
        file.put(entry(f"k{n}", b"x" * 1000))
        file.flush()

    assert file.usage() == size * 5
    assert sorted(file.keys) == ["k0", "k3", "k4", "k5", "k6"]
    assert file.find("k1") == []


def test_shrinking_removes_at_once(tmp_path: Path, opened: Open) -> None:
    """From the file as well."""
    file = opened()
    for n in range(20):
        file.put(entry(f"k{n}", b"x" * 45_000))
    before = file.usage()
    file.close()
    size_before = _size(tmp_path)

    file.set_capacity(50_000)

    assert before > 900_000
    assert file.usage() <= 50_000
    file.close()
    assert _size(tmp_path) < size_before / 2


def test_removal_since_a_date(opened: Open) -> None:
    """What is older stays."""
    file = opened()
    file.put(entry("old", stored_at=10.0))
    file.put(entry("new", stored_at=20.0))
    file.flush()
    file.put(entry("newer", stored_at=30.0))

    file.remove_since(20.0)

    assert [len(file.find(key)) for key in ("old", "new", "newer")] == [1, 0, 0]
    assert file.usage() == entry("old").size


def test_what_others_store_is_seen_within_a_second(opened: Open) -> None:
    """By a look that is not taken for each request."""
    mine, other = opened(), opened()
    mine.look_for_new(100.0)
    other.put(entry())
    other.flush()

    mine.look_for_new(100.5)
    assert "k" not in mine.keys

    mine.look_for_new(101.1)
    assert "k" in mine.keys
    assert len(mine.find("k")) == 1


def test_keeper_goes_when_there_is_nothing_to_do(opened: Open) -> None:
    """With the connections, so that an idle cache has no descriptor."""
    before = set(os.listdir("/proc/self/fd"))
    file = opened()
    file.put(entry())
    file.flush()
    file.find("k")

    assert wait_until(lambda: file._thread is None, 5.0)
    assert wait_until(lambda: set(os.listdir("/proc/self/fd")) == before, 5.0)
    assert len(file.find("k")) == 1


def test_writing_does_not_wait_for_the_disk(opened: Open) -> None:
    """A transaction of another process holds up the keeper, not the program."""
    import sqlite3

    file = opened()
    file.put(entry())
    file.flush()
    with closing(sqlite3.connect(file._writer.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        for n in range(100):
            file.put(entry(f"k{n}"))
            assert file.find(f"k{n}")
        took_s = time.monotonic() - begun
        other.execute("COMMIT")
    file.flush()

    assert took_s < 1.0
    assert len(again(file, opened).keys) == 101


def test_too_much_at_once_is_not_written(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk does not make memory grow."""
    monkeypatch.setattr(cache_file, "GATHER_S", 10.0)
    monkeypatch.setattr(cache_file, "BACKLOG_LIMIT_BYTES", 2_000)
    file = opened()
    for n in range(10):
        file.put(entry(f"k{n}", b"x" * 500))

    assert len(file._pending.rows) == 2


def test_one_that_is_too_much_by_itself_is_written(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If nothing else waits; the capacity alone says what is too large."""
    monkeypatch.setattr(cache_file, "GATHER_S", 10.0)
    monkeypatch.setattr(cache_file, "BACKLOG_LIMIT_BYTES", 2_000)
    file = opened()
    file.put(entry("large", b"x" * 5_000))
    file.put(entry("next", b"x"))

    assert [*file._pending.rows] == [("large", "")]


def test_large_reply_is_read_beside_others(opened: Open) -> None:
    """With the small variants of its key; it is the same either way."""
    file = opened(100 << 20)
    large = entry(data=bytes(range(256)) * 2048, variant="a", requested_at=2.0)
    small = entry(variant="b")
    for one in (large, small, entry("other")):
        file.put(one)
    reopened = again(file, opened)

    assert [reopened.is_large(key) for key in ("k", "other", "none")] == [
        True,
        False,
        False,
    ]
    found = reopened.find("k", is_large=True)
    assert [one.data for one in found] == [large.data, small.data]
    assert [one.data for one in reopened.find("k")] == [large.data, small.data]


UNWRITABLE: dict[str, Entry] = {
    "user_info that is no JSON": entry(user_info={"a": object()}),
    "user_info that is endless": entry(user_info={"a": float("nan")}),
    "half a surrogate pair": entry(url="http://\ud800/"),
}


@pytest.mark.parametrize("unwritable", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_is_left_out(opened: Open, unwritable: Entry) -> None:
    """The others are written."""
    file = opened()
    file.put(unwritable)
    file.put(entry("other"))

    assert sorted(again(file, opened).keys) == ["other"]


DAMAGED_ROWS = {
    "body": "UPDATE reply SET body = x'00'",
    "head": "UPDATE reply SET head = x'00'",
    "checksum": "UPDATE reply SET checksum = 1",
    "head that is text": "UPDATE reply SET head = 'a text'",
    "body that is a number": "UPDATE reply SET body = 7",
    "status": "UPDATE reply SET status = 7",
    "status that is text": "UPDATE reply SET status = 'ok'",
    "date": "UPDATE reply SET requested_at = 'long ago'",
    "user_info": "UPDATE reply SET user_info = '[1'",
    "user_info of another kind": "UPDATE reply SET user_info = '[1]'",
}


@pytest.mark.parametrize("damage", DAMAGED_ROWS.values(), ids=DAMAGED_ROWS)
def test_damaged_row_is_no_reply(opened: Open, damage: str) -> None:
    """It is removed, and the next one stored in its place."""
    import sqlite3

    file = opened()
    file.put(entry())
    file.flush()
    with closing(sqlite3.connect(file._writer.path)) as other:
        other.execute(damage)
        other.commit()

    assert file.find("k") == []
    file.flush()
    assert file.usage() == 0
    file.put(entry())
    file.flush()
    assert len(file.find("k")) == 1


def test_header_that_nobody_should_send_comes_back(opened: Open) -> None:
    """A head is kept as it came; who reads it is lenient."""
    lines = (b"", b"no colon", b": no name", b" folded", b"x" * 5000, b"a: \x00\x7f")
    file = opened()
    file.put(entry(lines=lines))

    (found,) = again(file, opened).find("k")

    assert found.lines == lines
    assert found.response().url == "k"


def test_truncated_file_is_begun_anew(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is in use, with one warning."""
    file = opened()
    for n in range(50):
        file.put(entry(f"k{n}", b"x" * 5000))
    file.close()
    path = file._writer.path
    os.truncate(path, path.stat().st_size // 3)

    found = [file.find(f"k{n}") for n in range(50)]
    file.put(entry("new"))
    file.flush()

    assert len(file.find("new")) == 1
    assert [] in found
    assert [one.levelno for one in caplog.records][:1] == [logging.WARNING]
    assert sum("set aside" in one.message for one in caplog.records) <= 2


def test_folder_removed_while_running_is_made_again(
    tmp_path: Path, opened: Open
) -> None:
    """What was in it is gone."""
    file = opened()
    file.put(entry("old"))
    file.flush()
    folder = tmp_path / "cache"
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()

    assert file.find("old") == []
    assert "old" not in file.keys
    file.put(entry("new"))
    assert sorted(again(file, opened).keys) == ["new"]


def test_full_disk_loses_the_new_replies_only(tmp_path: Path) -> None:
    """What was there can be read, and there may be room again later."""
    program = (
        "import resource\n"
        "file.put(entry('old')); file.flush()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "file.put(entry('large', b'x' * 500_000)); file.flush()\n"
        "print(len(file.find('old')), len(file.find('large')))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "file.put(entry('new')); file.flush()\n"
        "print(len(file.find('old')), len(file.find('new')))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert done.stdout == "1 0\n1 1\n"
    assert done.stderr.count("could not be used") == 1


def test_process_that_ends_writes_what_is_left(tmp_path: Path, opened: Open) -> None:
    """Without waiting for the keeper's next turn."""
    program = "cache_file.GATHER_S = 30.0\nfor n in range(50): file.put(entry(f'k{n}'))"

    subprocess.run(
        [sys.executable, "-c", PROGRAM + program, str(tmp_path / "cache")],
        check=True,
        timeout=20,
    )

    file = opened()
    file.look_for_new(0.0)
    assert len(file.keys) == 50


def test_forked_child_leaves_the_parents_replies_alone(tmp_path: Path) -> None:
    """What waits is written once, by the parent; the child writes its own."""
    program = (
        "cache_file.GATHER_S = 0.2\n"
        "file.put(entry('parent'))\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    file.put(entry('child')); file.flush()\n"
        "    os._exit(0 if file.find('child') else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "file.flush(); file.look_for_new(1e9)\n"
        "print(sorted(file.keys))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert done.stdout == "['child', 'parent']\n"


@pytest.mark.slow
def test_kill_in_the_middle_of_a_write_leaves_a_readable_cache(
    tmp_path: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """Whenever it comes: every row that is there is whole."""
    program = (
        "print('ready', flush=True)\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    file.put(entry(f'k{n % 40}', str(n).encode() * 3000))\n"
        "    if not n % 5: file.flush()\n"
    )
    for turn in range(25):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM + program, str(tmp_path / "cache")],
            stdout=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            threading.Event().wait(0.005 * turn)
            child.send_signal(signal.SIGKILL)
        file = opened()
        file.look_for_new(0.0)
        for key in sorted(file.keys):
            (found,) = file.find(key)
            assert found.data
        file.close()

    assert caplog.records == []
    assert [one.name for one in (tmp_path / "cache").iterdir()] == [FILE_NAME]


@pytest.mark.slow
def test_two_processes_at_once_are_safe(tmp_path: Path, opened: Open) -> None:
    """Each finds what it has stored, and both are within the capacity."""
    program = (
        "for n in range(200):\n"
        "    file.put(entry(f'{sys.argv[2]}{n % 20}', b'x' * 3000))\n"
        "    if not n % 10: file.flush()\n"
        "file.flush()\n"
        "assert file.find(f'{sys.argv[2]}19')\n"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM + program, str(tmp_path / "cache"), name],
            stderr=subprocess.PIPE,
        )
        for name in "abc"
    ]
    told = [child.communicate(timeout=20)[1] for child in children]

    assert told == [b"", b"", b""]
    file = opened()
    file.look_for_new(0.0)
    assert len(file.keys) == 60


def _size(folder: Path) -> int:
    return (folder / "cache" / FILE_NAME).stat().st_size
