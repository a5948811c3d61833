"""A program whose start one cannot change is watched by the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve

LEAK = """
import http.client, sys
from urllib.parse import urlsplit
KEPT = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc)
KEPT.request("GET", "/")
KEPT.getresponse().read()
"""


def run(
    source: str, *arguments: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter, with something in its environment."""
    return subprocess.run(
        [sys.executable, "-c", source, *arguments],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
        cwd=folder,
        env={**os.environ, **environment},
    )


def read(file: Path) -> dict[str, Any]:
    """Return the one report whose name has a pid."""
    (found,) = file.parent.glob(file.name)
    return dict(json.loads(found.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_program_is_watched_to_its_end(tmp_path: Path, serve: Serve) -> None:
    """Its output and its exit code are its own."""
    server = serve(fixed_body(b"x"))
    done = run(
        LEAK + "print('out')",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="json=report-%p.json",
    )
    report = read(tmp_path / "report-*.json")
    (one,) = report["connections"]

    assert (done.returncode, done.stdout) == (0, "out\n")
    assert "unclosed: 1 connection of HTTPConnection" in done.stderr
    assert one["verdict"]["kind"] == "unclosed"
    assert one["held_by"] == ["__main__.KEPT", "HTTPConnection"]
    assert one["opened_by"]["file"] == "<string>"


@pytest.mark.slow
def test_leak_makes_the_exit_code_when_that_is_asked_for(
    tmp_path: Path, serve: Serve
) -> None:
    """And only a leak does."""
    server = serve(fixed_body(b"x"))
    leaking = run(LEAK, server.url(), folder=tmp_path, URLSESSION_WATCH="fail,quiet")
    clean = run(
        LEAK + "KEPT.close()",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="fail,quiet",
    )

    assert (leaking.returncode, leaking.stderr) == (3, "")
    assert (clean.returncode, clean.stderr) == (0, "")


@pytest.mark.slow
def test_what_an_exit_handler_closes_is_taken_back(
    tmp_path: Path, serve: Serve
) -> None:
    """The look comes before the handlers, the report after them."""
    server = serve(fixed_body(b"x"))
    done = run(
        LEAK + "import atexit; atexit.register(KEPT.close)",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="fail",
    )

    assert done.returncode == 0
    assert "1 open, 0 leaked" in done.stderr


@pytest.mark.slow
@pytest.mark.needs(modules=("requests",))
def test_what_a_library_closes_at_the_exit_is_a_leak(
    tmp_path: Path, serve: Serve
) -> None:
    """A finalizer of urllib3's closes pools then, which nobody asked it for."""
    server = serve(fixed_body(b"x"))
    done = run(
        """
import requests, sys
SESSION = requests.Session()
SESSION.get(sys.argv[1])
""",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="1",
    )

    assert "unclosed: 1 connection of Session" in done.stderr


@pytest.mark.slow
def test_children_are_reported_by_the_first_process(
    tmp_path: Path, serve: Serve
) -> None:
    """One report for all."""
    server = serve(fixed_body(b"x"))
    done = run(
        f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {LEAK!r}, sys.argv[1]], check=True)
""",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="json=report-%p.json",
    )
    report = read(tmp_path / "report-*.json")

    assert done.stderr.count("urlsession watch:") == 1
    assert len(report["processes"]) == 1
    assert report["connections"][0]["pid"] == report["processes"][0]["pid"]


@pytest.mark.slow
def test_what_a_pools_threads_hold_is_seen(tmp_path: Path, serve: Serve) -> None:
    """The look comes before the pool is told to end, as with the command."""
    server = serve(fixed_body(b"x"))
    done = run(
        """
import http.client, sys, threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
LOCAL = threading.local()
def work():
    LOCAL.one = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc)
    LOCAL.one.request("GET", "/")
    LOCAL.one.getresponse().read()
POOL = ThreadPoolExecutor(1)
POOL.submit(work).result()
""",
        server.url(),
        folder=tmp_path,
        URLSESSION_WATCH="1",
    )

    assert "held by  __main__.LOCAL.one of one thread" in done.stderr


@pytest.mark.slow
def test_command_takes_over_from_the_variable(tmp_path: Path, serve: Serve) -> None:
    """One report, the command's; children report to it."""
    (tmp_path / "app.py").write_text(LEAK, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "urlsession", "watch"),
            "app.py",
            serve(fixed_body(b"x")).url(),
        ],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "URLSESSION_WATCH": "json=never.json,fail"},
    )

    assert done.returncode == 0
    assert done.stderr.count("urlsession watch:") == 1
    assert not (tmp_path / "never.json").exists()


@pytest.mark.slow
def test_process_that_outlives_the_watch_starts_others_in_peace(
    tmp_path: Path,
) -> None:
    """Nobody is left to report to, which is no error."""
    done = run(
        "print('ran')", folder=tmp_path, URLSESSION_WATCH="folder=/nowhere/at/all"
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


@pytest.mark.slow
def test_package_that_cannot_be_imported_is_a_line(tmp_path: Path) -> None:
    """The program runs."""
    (tmp_path / "urlsession").mkdir()
    (tmp_path / "urlsession" / "__init__.py").write_text("raise ImportError('broken')")
    done = run(
        "print('ran')", folder=tmp_path, URLSESSION_WATCH="1", PYTHONPATH=str(tmp_path)
    )

    assert (done.returncode, done.stdout) == (0, "ran\n")
    # Some interpreters read the files of a virtual environment twice.
    assert set(done.stderr.splitlines()) == {
        "urlsession watch: not started: ImportError('broken')"
    }


@pytest.mark.slow
@pytest.mark.parametrize("value", ["", "0", "off"])
def test_program_is_left_alone_where_nothing_is_asked_for(
    tmp_path: Path, value: str
) -> None:
    """Nothing of the watch is even imported."""
    done = run(
        "import sys; print([one for one in sys.modules if 'urlsession.watch' in one"
        " and one != 'urlsession.watch.entry.autostart' and one != 'urlsession.watch.entry.spec'])",
        folder=tmp_path,
        URLSESSION_WATCH=value,
    )

    assert done.stderr == ""
    if not value:
        assert done.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("jsn=/tmp/x", "no setting 'jsn'; there are"),
        ("signal=USR3", "there is no signal 'USR3'"),
    ],
)
def test_nonsense_is_a_line_and_the_program_runs(
    tmp_path: Path, value: str, words: str
) -> None:
    """What is wrong, and what there is."""
    done = run("print('ran')", folder=tmp_path, URLSESSION_WATCH=value)

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_variable_is_free_where_it_is_not_set(tmp_path: Path) -> None:
    """The start of an interpreter loads nothing of this package."""
    done = run(
        "import sys; print([one for one in sys.modules if one.startswith('urlsession')])",
        folder=tmp_path,
    )

    assert done.stdout == "[]\n"
