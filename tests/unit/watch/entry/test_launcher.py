"""How a program is found; how it runs is tested in `tests/watch`."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from urlsession.watch.entry.launcher import TargetError, find_module, find_script


def test_script_gets_its_own_folder_as_path(tmp_path: Path) -> None:
    """As the interpreter puts it."""
    script = tmp_path / "app.py"
    script.touch()
    target = find_script(str(script), ["-x"])

    assert target.argv == (str(script), "-x")
    assert target.path_entry == str(tmp_path)


def test_missing_script_is_told_by_name() -> None:
    """Before anything runs."""
    with pytest.raises(TargetError, match=r"nowhere\.py"):
        find_script("nowhere.py", [])


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_folder_and_archive_run_their_main_module(tmp_path: Path, kind: str) -> None:
    """As `python FOLDER` does."""
    place = tmp_path / "app"
    if kind == "folder":
        place.mkdir()
        (place / "__main__.py").touch()
    else:
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("__main__.py", "")
    target = find_script(str(place), [])

    assert target.path_entry == str(place)
    assert target.file.endswith("__main__.py")


def test_folder_without_main_module_is_told(tmp_path: Path) -> None:
    """Instead of an import error later."""
    with pytest.raises(TargetError, match="__main__"):
        find_script(str(tmp_path), [])


def test_missing_module_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without a main module counts as missing too."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(TargetError, match="no_such_module"):
        find_module("no_such_module", [])
    with pytest.raises(TargetError, match="no_such"):
        find_module("no_such.module", [])


def test_package_runs_its_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its top name is the user's own code."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    target = find_module("json.tool", ["-"])

    assert target.user_package == "json"
    assert target.argv[0].endswith("tool.py")
