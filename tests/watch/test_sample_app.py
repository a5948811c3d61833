"""The article's experiment, end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .running import ROOT

APP = "examples/two_sessions.py"


def run_app(tmp_path: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run the sample app under watch; return the report and standard error."""
    file = tmp_path / "report.json"
    command = [sys.executable, "-W", "always::ResourceWarning", "-m", "urlsession"]
    done = subprocess.run(
        [*command, "watch", "--json", str(file), APP, "--idle", "0.1", *arguments],
        capture_output=True,
        text=True,
        timeout=15,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text(encoding="utf-8")), done.stderr


def ports(report: dict[str, Any]) -> set[str]:
    """Return the local ports of a report's connections."""
    return {one["local"].rpartition(":")[2] for one in report["connections"]}


@pytest.mark.slow
def test_sessions_never_invalidated_stay_open_until_the_end(tmp_path: Path) -> None:
    """Two ports, both ESTABLISHED, held by the app's list."""
    report, words = run_app(tmp_path)

    assert "Traceback" not in words
    assert len(ports(report)) == 2
    assert report["leaks"] == [1, 2]
    for at, one in enumerate(report["connections"]):
        assert one["kernel_state"] == "ESTABLISHED"
        assert one["verdict"]["kind"] == "unclosed"
        assert one["held_by"] == ["__main__.app", f"App.sessions[{at}]", "URLSession"]


@pytest.mark.slow
def test_sessions_invalidated_send_fin_at_once(tmp_path: Path) -> None:
    """Within milliseconds of the load, by us."""
    report, _ = run_app(tmp_path, "--invalidate")

    assert len(ports(report)) == 2
    assert report["leaks"] == []
    for one in report["connections"]:
        assert one["closed_by"] == "local"
        assert one["owner"]["closed"] is True
        assert one["closed_at_s"] - one["last_used_at_s"] < 0.25


@pytest.mark.slow
def test_sessions_dropped_send_fin_and_warn(tmp_path: Path) -> None:
    """Each names the line that made it."""
    report, words = run_app(tmp_path, "--drop")

    assert len(ports(report)) == 2
    assert report["leaks"] == []
    assert words.count("was dropped and never invalidated") == 2
    for one in report["connections"]:
        assert one["closed_by"] == "local"
        assert one["owner"]["alive"] is False
        assert one["owner"]["closed"] is False


@pytest.mark.slow
def test_three_ways_are_shown_side_by_side() -> None:
    """What `make run` prints."""
    done = subprocess.run(
        [sys.executable, "examples/three_ways.py"],
        capture_output=True,
        text=True,
        timeout=19,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for words in ("neither", "--invalidate", "--drop", "unclosed", "2 of 2", "0 of 2"):
        assert words in done.stdout
