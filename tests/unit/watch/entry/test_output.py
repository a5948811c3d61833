"""Where reports go."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from urlsession.watch.entry.output import file_of, with_full_paths, write_report
from urlsession.watch.entry.spec import WatchSpec

from ..reports import LEAK, make_report


def test_name_of_a_file_has_the_pid_where_it_is_asked_for() -> None:
    """A percent sign is doubled."""
    assert file_of("r-%p.json") == f"r-{os.getpid()}.json"
    assert file_of("100%%p") == "100%p"


def test_files_are_those_of_the_directory_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program may move elsewhere before it ends; its directory is no pattern."""
    start = tmp_path / "100%p"
    start.mkdir()
    monkeypatch.chdir(start)
    spec = with_full_paths(WatchSpec(json="r.json", junit="-", sarif="/s.sarif"))

    assert file_of(spec.json or "") == str(start / "r.json")
    assert (spec.junit, spec.sarif) == ("-", "/s.sarif")


def test_report_is_written_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text to standard error."""
    spec = WatchSpec(
        json=str(tmp_path / "r.json"),
        junit=str(tmp_path / "r.xml"),
        sarif=str(tmp_path / "r.sarif"),
    )
    write_report(make_report(LEAK), spec)

    assert json.loads((tmp_path / "r.json").read_text())["leaks"] == [1]
    assert (tmp_path / "r.xml").read_text().startswith("<?xml")
    assert json.loads((tmp_path / "r.sarif").read_text())["version"] == "2.1.0"
    assert "unclosed: 1 connection" in capsys.readouterr().err


def test_quiet_report_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The files are written all the same."""
    write_report(make_report(LEAK), WatchSpec(quiet=True, json="-"))
    said = capsys.readouterr()

    assert said.err == ""
    assert json.loads(said.out)["leaks"] == [1]


def test_file_that_cannot_be_written_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program has run; its end must not be an error of ours."""
    write_report(make_report(LEAK), WatchSpec(quiet=True, json=str(tmp_path)))

    assert "no report in" in capsys.readouterr().err
