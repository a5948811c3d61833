"""A download's file: what is written, and when it is gone."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from urlsession.loading.temporary_file import FLUSH_BYTES, TemporaryFile


def made_with(folder: Path, data: bytes) -> str:
    """Make a file with some data, and leave it; return its path."""
    file = TemporaryFile.create(str(folder))
    file.add(data)
    return file.leave()


def test_pieces_are_written_together_and_in_order(tmp_path: Path) -> None:
    """Not before there are enough of them, or `flush`."""
    file = TemporaryFile.create(str(tmp_path))
    file.add(b"a")
    file.add(b"b")
    before = (file.size, file.taken)
    file.add(bytes(FLUSH_BYTES))
    between = (file.size, file.taken)
    file.add(b"c")
    file.flush()

    assert before == (0, 2)
    assert between == (FLUSH_BYTES + 2,) * 2
    assert Path(file.path).read_bytes() == b"ab" + bytes(FLUSH_BYTES) + b"c"
    file.discard()


def test_many_small_pieces_are_written(tmp_path: Path) -> None:
    """More than the system takes in one call."""
    file = TemporaryFile.create(str(tmp_path))
    for number in range(3000):
        file.add(b"%04d" % number)
    path = file.leave()

    assert Path(path).read_bytes() == b"".join(b"%04d" % n for n in range(3000))


def test_nothing_is_taken_after_close(tmp_path: Path) -> None:
    """Nor does closing twice matter."""
    file = TemporaryFile.create(str(tmp_path))
    file.add(b"a")
    file.close()
    file.add(b"b")
    file.close()

    assert Path(file.path).read_bytes() == b"a"
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_file_goes_with_its_object(tmp_path: Path) -> None:
    """Unless it was left."""
    file = TemporaryFile.create(str(tmp_path))
    file.add(b"a")
    del file
    gc.collect()
    kept = made_with(tmp_path, b"b")
    gc.collect()

    assert [str(one) for one in tmp_path.iterdir()] == [kept]


def test_left_file_goes_on(tmp_path: Path) -> None:
    """And is its old owner's until something is added."""
    path = made_with(tmp_path, b"abc")
    unchanged = TemporaryFile.reopen(path, 3)
    assert unchanged is not None
    unchanged.discard()
    there = Path(path).exists()
    file = TemporaryFile.reopen(path, 3)
    assert file is not None
    file.add(b"def")
    file.flush()

    assert there
    assert Path(path).read_bytes() == b"abcdef"
    file.discard()
    assert not Path(path).exists()


def test_cut_file_grows_from_there(tmp_path: Path) -> None:
    """What was gathered is forgotten; a closed one can be cut too."""
    file = TemporaryFile.create(str(tmp_path))
    file.add(b"abc")
    file.flush()
    file.add(b"d")
    file.cut(1)
    file.add(b"xyz")
    file.close()
    file.cut(3)

    assert Path(file.path).read_bytes() == b"axy"
    assert file.size == 3
    file.discard()


def test_file_in_use_is_not_opened_again(tmp_path: Path) -> None:
    """Until it is closed."""
    path = made_with(tmp_path, b"abc")
    first = TemporaryFile.reopen(path, 3)
    assert first is not None
    second = TemporaryFile.reopen(path, 3)
    first.leave()
    third = TemporaryFile.reopen(path, 3)

    assert second is None
    assert third is not None
    third.leave()


@pytest.mark.parametrize("change", ["missing", "size", "link", "folder", "hard link"])
def test_file_that_is_not_as_it_was_left_is_not_opened(
    tmp_path: Path, change: str
) -> None:
    """It may be anybody's."""
    path = made_with(tmp_path, b"abc")
    size = 3
    match change:
        case "size":
            size = 4
        case "hard link":
            os.link(path, tmp_path / "other")
        case _:
            os.rename(path, tmp_path / "other")
    if change == "link":
        os.symlink(tmp_path / "other", path)
    elif change == "folder":
        os.mkdir(path)

    assert TemporaryFile.reopen(path, size) is None
