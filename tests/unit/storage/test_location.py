"""Where the stores live."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from urlsession.storage.location import _program, _user_data, data_directory


def test_directory_is_the_one_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is taken as it is: no program's name is added, and it is not made."""
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path / "kept here"))

    assert data_directory() == tmp_path / "kept here"
    assert not (tmp_path / "kept here").exists()


def test_directory_is_none_when_the_variable_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is how to say: nothing on disk."""
    monkeypatch.setenv("URLSESSION_HOME", "")

    assert data_directory() is None


def test_directory_is_absolute_when_the_variable_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A later change of the working directory moves nothing."""
    monkeypatch.setenv("URLSESSION_HOME", "here")
    monkeypatch.chdir(tmp_path)

    assert data_directory() == tmp_path / "here"


def test_directory_follows_a_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variable may come from a file that no shell has read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("URLSESSION_HOME", "~/kept")

    assert data_directory() == tmp_path / "kept"


def test_directory_is_none_when_the_user_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tilde that means nobody is no folder called tilde."""
    monkeypatch.setenv("URLSESSION_HOME", "~nobody-of-this-name/kept")

    assert data_directory() is None


def test_directory_names_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two programs of one user do not share their cookies."""
    monkeypatch.delenv("URLSESSION_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=None))
    monkeypatch.setattr(sys, "argv", ["/opt/tools/harvest.py"])
    monkeypatch.setattr(sys, "platform", "linux")

    assert data_directory() == tmp_path / "urlsession" / "harvest"


@pytest.mark.parametrize(
    ("platform", "environ", "home", "expected"),
    [
        ("linux", {}, "/home/ann", "/home/ann/.local/share"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/home/ann", "/data"),
        ("linux", {"XDG_DATA_HOME": "data"}, "/home/ann", "/home/ann/.local/share"),
        ("linux", {}, "~", None),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/a", "/a/Library/Application Support"),
        ("win32", {}, "/a", "/a/AppData/Local"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/a", "/local"),
    ],
)
def test_user_data_is_where_the_platform_has_it(
    platform: str, environ: dict[str, str], home: str, expected: str | None
) -> None:
    """Each platform has one place; without a home there is none."""
    assert _user_data(platform, environ, home) == expected


@pytest.mark.parametrize(
    ("spec", "script", "expected"),
    [
        (None, "/opt/harvest.py", "harvest"),
        (None, "/opt/bin/harvest", "harvest"),
        (None, "harvest.EXE", "harvest"),
        (None, "/opt/harvest/__main__.py", "harvest"),
        (None, "-c", "python"),
        (None, "", "python"),
        (None, "/opt/../..", "python"),
        (None, "/opt/a b;c.py", "a_b_c"),
        (None, "/opt/" + "x" * 300, "x" * 64),
        ("harvest", "/opt/harvest.py", "harvest"),
        ("harvest.__main__", "/opt/harvest/__main__.py", "harvest"),
        ("harvest.tools.run", "/opt/harvest/tools/run.py", "harvest.tools.run"),
        ("__main__", "/opt/harvest.pyz", "harvest"),
        ("__main__", "/opt/harvest/", "harvest"),
    ],
)
def test_program_is_named_by_how_it_was_started(
    monkeypatch: pytest.MonkeyPatch, spec: str | None, script: str, expected: str
) -> None:
    """A module by its name, a script by its file's, and never a path."""
    main = SimpleNamespace(__spec__=spec and SimpleNamespace(name=spec))
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setattr(sys, "argv", [script])

    assert _program() == expected


def test_program_is_python_when_code_came_on_the_command_line() -> None:
    """The real thing, in a process of its own."""
    code = "from urlsession.storage.location import _program; print(_program())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "python\n"
