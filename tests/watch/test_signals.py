"""A program that a signal ends is reported, and one that runs when it is asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve

SERVICE = """
import http.client, signal, sys, threading
from urllib.parse import urlsplit
KEPT = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc)
KEPT.request("GET", "/")
KEPT.getresponse().read()
print("ready", flush=True)
"""
READY = "print('ready', flush=True)\n"
WAIT = "threading.Event().wait(15)\n"


@contextmanager
def service(
    folder: Path, source: str, url: str, *options: str
) -> Iterator[subprocess.Popen[str]]:
    """Start a watched program that serves until it is told to end."""
    (folder / "app.py").write_text(SERVICE + source, encoding="utf-8")
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "urlsession", "watch"),
            *("--json", "report.json", *options, "app.py", url),
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what a program still says until its end.

    `communicate` would lose what came in one piece with the first line.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read(), process.stderr.read()
    process.wait(10)
    return said


@pytest.mark.slow
def test_termination_is_reported_and_ends_the_program_as_ever(
    tmp_path: Path, serve: Serve
) -> None:
    """By the signal, as the one who sent it sees."""
    url = serve(fixed_body(b"x")).url()
    with service(tmp_path, WAIT, url) as process:
        process.terminate()
        _, words = process.communicate(timeout=10)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    assert process.returncode == -signal.SIGTERM
    assert "unclosed: 1 connection" in words
    assert report["program"]["exit_code"] == 128 + signal.SIGTERM


@pytest.mark.slow
def test_programs_own_handler_is_left_alone(tmp_path: Path, serve: Serve) -> None:
    """It ends by its own code."""
    url = serve(fixed_body(b"x")).url()
    source = f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n{READY}{WAIT}"
    with service(tmp_path, source, url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        process.communicate(timeout=10)

    assert process.returncode == 7


@pytest.mark.slow
def test_interrupt_is_reported(tmp_path: Path, serve: Serve) -> None:
    """Ctrl-C cleans up."""
    url = serve(fixed_body(b"x")).url()
    with service(tmp_path, WAIT, url) as process:
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=10)

    assert process.returncode == 130
    assert "unclosed: 1 connection" in words


@pytest.mark.slow
def test_running_program_reports_when_it_is_asked(tmp_path: Path, serve: Serve) -> None:
    """With the heap path, since that was asked for."""
    url = serve(fixed_body(b"x")).url()
    source = "import time\nend = time.monotonic() + 15\n"
    source += "while time.monotonic() < end: threading.Event().wait(0.01)\n"
    options = ("--signal", "usr1", "--idle-after", "0.01")
    with service(tmp_path, source, url, *options) as process:
        assert process.stderr is not None
        words = ""
        while "1 open, 1 leaked" not in words:  # it is idle for long soon
            os.kill(process.pid, signal.SIGUSR1)
            line = process.stderr.readline()
            assert line, words
            words += line
        while "cure" not in words:
            words += process.stderr.readline()

    assert "running: 1 connection, 1 open, 1 leaked" in words
    assert "idle: 1 connection of HTTPConnection" in words
    assert "held by  __main__.KEPT" in words


@pytest.mark.slow
def test_signals_in_a_row_do_not_disturb(tmp_path: Path, serve: Serve) -> None:
    """One that comes while another is answered waits; no lock is waited for."""
    url = serve(fixed_body(b"x")).url()
    source = """
for _ in range(200):
    one = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc)
    one.request("GET", "/")
    one.getresponse().read()
    one.close()
print("done", flush=True)
"""
    with service(tmp_path, source, url, "--signal", "USR1", "--quiet") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        read, words = process.stderr.read, list[str]()
        reader = threading.Thread(target=lambda: words.append(read()))
        reader.start()
        for _ in range(20):
            process.send_signal(signal.SIGUSR1)
            reader.join(0.02)
        out = process.stdout.read()
        process.wait(10)
        reader.join()

    assert (process.returncode, out) == (0, "done\n")
    assert words[0].count("urlsession watch:") >= 1
    assert "not observed" not in words[0]


@pytest.mark.slow
def test_program_that_is_asked_too_late_ends_as_ever(
    tmp_path: Path, serve: Serve
) -> None:
    """When the interpreter has given every handler back already."""
    url = serve(fixed_body(b"x")).url()
    source = """
import os
class Late:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGUSR1):
        kill(pid, number)
sys.late = Late()
print("done", flush=True)
"""
    with service(tmp_path, source, url, "--signal", "USR1") as process:
        out, words = ended(process)

    assert (process.returncode, out) == (0, "done\n")
    assert "unclosed: 1 connection" in words


@pytest.mark.slow
def test_running_program_reports_what_is_new(tmp_path: Path, serve: Serve) -> None:
    """Once, not at every look."""
    url = serve(fixed_body(b"x")).url()
    options = ("--every", "0.05", "--idle-after", "0.01")
    with service(tmp_path, "threading.Event().wait(1)\n", url, *options) as process:
        _, words = process.communicate(timeout=10)

    assert words.count("idle: 1 connection of HTTPConnection") == 1
    assert words.count("unclosed: 1 connection of HTTPConnection") == 1


@pytest.mark.slow
def test_looking_leaves_no_thread_behind_a_fork(tmp_path: Path, serve: Serve) -> None:
    """Nor is there one while the program forks; it looks on afterwards."""
    url = serve(fixed_body(b"x")).url()
    source = """
import os
def threads(): return len(os.listdir("/proc/self/task"))
if os.fork() == 0:
    print("child", threads(), flush=True)
    os._exit(0)
os.wait()
print("parent", threads(), threading.active_count(), flush=True)
"""
    with service(tmp_path, source, url, "--every", "5") as process:
        out, _ = ended(process)

    assert out.splitlines() == ["child 1", "parent 2 1"]
