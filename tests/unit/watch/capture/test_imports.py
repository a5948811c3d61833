"""Modules are told of when they have been imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from urlsession.watch.capture.imports import ImportWatcher


@pytest.fixture
def watcher() -> Iterator[ImportWatcher]:
    one = ImportWatcher(pytest.fail)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of a module that can be imported and is not yet."""
    (tmp_path / "freshly_made.py").write_text("VALUE = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "freshly_made"
    sys.modules.pop("freshly_made", None)


def test_module_that_is_there_is_told_at_once(watcher: ImportWatcher) -> None:
    """It will not be imported again."""
    told: list[ModuleType] = []
    watcher.when_imported("json", told.append)

    assert [one.__name__ for one in told] == ["json"]


def test_module_is_told_once_its_code_has_run(
    watcher: ImportWatcher, module: str
) -> None:
    """With all its names."""
    told: list[object] = []
    watcher.when_imported(module, lambda one: told.append(one.VALUE))
    before = list(told)
    importlib.import_module(module)
    importlib.import_module(module)

    assert (before, told) == ([], [1])


def test_module_keeps_its_own_loader(watcher: ImportWatcher, module: str) -> None:
    """What reads resources or pickles by it must not meet ours."""
    watcher.when_imported(module, lambda _: None)
    found = importlib.import_module(module)

    assert found.__spec__ is not None
    assert found.__spec__.loader is found.__loader__
    assert type(found.__loader__).__name__ == "SourceFileLoader"


def test_failing_callback_is_a_problem_and_the_import_succeeds(module: str) -> None:
    """The program must not notice."""
    problems: list[str] = []
    watcher = ImportWatcher(problems.append)
    watcher.start()
    watcher.when_imported(module, lambda _: 1 / 0)  # type: ignore[arg-type]  # to make it fail
    found = importlib.import_module(module)
    watcher.stop()

    assert found.VALUE == 1
    assert "freshly_made could not be hooked" in problems[0]


def test_stop_leaves_nothing_in_the_import_system(module: str) -> None:
    """And what was waited for is forgotten."""
    before = list(sys.meta_path)
    watcher = ImportWatcher(pytest.fail)
    watcher.start()
    watcher.when_imported(module, lambda _: pytest.fail("told after the stop"))
    watcher.stop()
    importlib.import_module(module)

    assert sys.meta_path == before
