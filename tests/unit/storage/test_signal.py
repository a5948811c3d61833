"""How one process learns that another has written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from urlsession.storage.signal import ChangeSignal


def test_nothing_is_raised_without_a_file(tmp_path: Path) -> None:
    """Nor is one made by looking."""
    path = tmp_path / "nowhere" / "changed"

    assert not ChangeSignal(str(path)).is_raised()
    assert not path.parent.exists()


def test_change_is_seen_once_by_the_others(tmp_path: Path) -> None:
    """And not by the one who told of it."""
    path = tmp_path / "changed"
    mine, other = ChangeSignal(str(path)), ChangeSignal(str(path))

    mine.raise_()

    assert other.is_raised()
    assert not other.is_raised()
    assert not mine.is_raised()
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_change_of_another_is_not_lost_by_an_own_one(tmp_path: Path) -> None:
    """Who tells learns that somebody has told before."""
    path = tmp_path / "changed"
    mine, other = ChangeSignal(str(path)), ChangeSignal(str(path))

    assert not mine.raise_()
    assert other.raise_()
    assert mine.raise_()
    assert not mine.raise_()


@pytest.mark.parametrize("content", [b"", b"x", b"nonsense" * 1000])
def test_nonsense_in_the_file_is_a_change(tmp_path: Path, content: bytes) -> None:
    """Then everything is read again, which does no harm."""
    path = tmp_path / "changed"
    mine = ChangeSignal(str(path))
    mine.raise_()

    path.write_bytes(content)

    assert mine.is_raised()
    assert not mine.is_raised()


def test_place_that_cannot_be_written_or_read_is_quiet(tmp_path: Path) -> None:
    """The store has told of it already."""
    path = tmp_path / "changed"
    path.mkdir()

    mine = ChangeSignal(str(path))

    assert not mine.raise_()
    assert not mine.is_raised()
