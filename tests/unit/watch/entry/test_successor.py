"""What a program that replaces itself hands on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from urlsession.watch.entry.spec import VARIABLE
from urlsession.watch.entry.successor import watch_successor

Call = tuple[object, ...]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Stand in for the system: every call fails, and is told of."""
    calls: list[Call] = []

    def execv(path: str, argv: list[str]) -> None:
        calls.append((path, os.environ[VARIABLE]))
        raise FileNotFoundError(path)

    def execve(path: str, argv: list[str], env: dict[str, str]) -> None:
        calls.append((path, env[VARIABLE]))
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setenv(VARIABLE, "for children")
    return calls


@pytest.fixture
def watched(calls: list[Call], tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "reports"
    folder.mkdir()
    undo = watch_successor("own", str(folder), lambda: True)
    yield
    undo()

    assert folder.is_dir()


WAYS: dict[str, Callable[[], object]] = {
    "execv": lambda: os.execv("/x", ["x"]),
    "execl": lambda: os.execl("/x", "x"),
    "execvp": lambda: os.execvp("/x", ["x"]),
    "execve": lambda: os.execve("/x", ["x"], dict(os.environ)),
    "execle": lambda: os.execle("/x", "x", dict(os.environ)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.usefixtures("watched")
def test_successor_gets_what_this_process_was_told(
    calls: list[Call], way: Callable[[], object]
) -> None:
    """And where there is none, this process goes on as it was."""
    with pytest.raises(FileNotFoundError):
        way()

    assert calls == [("/x", "own")]
    assert os.environ[VARIABLE] == "for children"


@pytest.mark.usefixtures("watched")
def test_environment_of_the_programs_own_is_left_alone(calls: list[Call]) -> None:
    """It may have said that the successor is not to be watched."""
    with pytest.raises(FileNotFoundError):
        os.execve("/x", ["x"], {VARIABLE: "0"})

    assert calls == [("/x", "0")]


def test_child_hands_on_what_children_are_told(
    calls: list[Call], tmp_path: Path
) -> None:
    """Its successor leaves its report for the first process."""
    undo = watch_successor("own", str(tmp_path), lambda: False)
    with pytest.raises(FileNotFoundError):
        os.execv("/x", ["x"])
    undo()

    assert calls == [("/x", "for children")]
