"""What is said of sessions, by how the program treats them."""

from __future__ import annotations

from pathlib import Path

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve
from .running import Watched, run_watched

BEGIN = """
import gc, sys
gc.disable()
from urlsession import URLSession
URL = sys.argv[1]

class App:
    def __init__(self):
        self.session = URLSession(delegate=self)
        self.session.data(URL).result(5)

def load():
    session = URLSession()
    session.data(URL).result(5)
    return session
"""


def watch(tmp_path: Path, serve: Serve, program: str, *options: str) -> Watched:
    """Run a program that has `BEGIN` before it against a server."""
    server = serve(fixed_body(b"x" * 64))
    return run_watched(tmp_path, BEGIN + program, server.url(), options=options)


FINE = {
    "invalidated": "SESSION = load(); SESSION.invalidate_and_cancel()",
    "finished": "SESSION = load(); SESSION.finish_tasks_and_invalidate()",
    "in a with block": "with URLSession() as SESSION: SESSION.data(URL).result(5)",
    "dropped": "load()",
    "never used": "SESSION = URLSession()",
    "shared": "URLSession.shared.data(URL).result(5)",
    "invalidated at exit": (
        "import atexit; SESSION = load(); atexit.register(SESSION.invalidate_and_cancel)"
    ),
    "invalidated at exit by name": """
import atexit
@atexit.register
def end(): SESSION.invalidate_and_cancel()
SESSION = load()
""",
    "invalidated by a thread": """
import threading
SESSION = load()
threading.Timer(0.1, SESSION.invalidate_and_cancel).start()
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("program", FINE.values(), ids=FINE.keys())
def test_session_treated_well_is_no_leak(
    tmp_path: Path, serve: Serve, program: str
) -> None:
    """A report that cries wolf is uninstalled."""
    watched = watch(tmp_path, serve, program, "--fail-on-leak")

    assert watched.kinds == []
    assert watched.exit_code == 0, watched.err
    assert watched.report["problems"] == []


HELD = {
    "SESSION = load()": ["__main__.SESSION", "URLSession"],
    "APP = App()": ["__main__.APP", "App.session", "URLSession"],
    "APPS = {'one': [App()]}": ["__main__.APPS['one'][0]", "App.session", "URLSession"],
    "App.current = load()": ["__main__.App.current", "URLSession"],
}


@pytest.mark.slow
@pytest.mark.parametrize(("program", "path"), HELD.items(), ids=HELD.keys())
def test_session_kept_to_the_end_is_unclosed(
    tmp_path: Path, serve: Serve, program: str, path: list[str]
) -> None:
    """With the path that holds it."""
    watched = watch(tmp_path, serve, program, "--fail-on-leak")
    (one,) = watched.connections

    assert watched.kinds == ["unclosed"]
    assert one["held_by"] == path
    assert one["kernel_state"] == "ESTABLISHED"
    assert one["owner"]["reachable"] is True
    assert one["owner"]["closed"] is False
    assert watched.exit_code == 3


@pytest.mark.slow
def test_session_and_delegate_dropped_together_are_an_orphan(
    tmp_path: Path, serve: Serve
) -> None:
    """The article's app: they hold each other, and the collector has not run."""
    watched = watch(tmp_path, serve, "App()")
    (one,) = watched.connections

    assert watched.kinds == ["orphan"]
    assert one["held_by"][0] == "a cycle that nothing else reaches"
    assert one["held_by"][1:] == ["App.session", "URLSession.delegate", "App"]
    assert one["owner"]["reachable"] is False
    assert watched.exit_code == 0


@pytest.mark.slow
def test_row_names_the_lines_that_made_session_and_connection(
    tmp_path: Path, serve: Serve
) -> None:
    """The user's lines, with the function."""
    watched = watch(tmp_path, serve, "SESSION = load()")
    (one,) = watched.connections
    lines = (tmp_path / "app.py").read_text(encoding="utf-8").splitlines()
    made, opened = one["owner"]["made_at"], one["opened_by"]

    assert lines[made["line"] - 1].strip() == "session = URLSession()"
    assert lines[opened["line"] - 1].strip() == "session.data(URL).result(5)"
    assert made["function"] == opened["function"] == "load"


@pytest.mark.slow
def test_uncaught_exception_is_what_holds_a_local(tmp_path: Path, serve: Serve) -> None:
    """The interpreter keeps the frames of the failed call."""
    watched = watch(
        tmp_path, serve, "def run():\n    mine = load()\n    mine.nonsense\nrun()"
    )
    (one,) = watched.connections

    assert watched.exit_code == 1
    assert watched.kinds == ["unclosed"]
    assert one["held_by"][0] == "the uncaught AttributeError"


@pytest.mark.slow
def test_peer_that_closed_first_is_named(tmp_path: Path) -> None:
    """The server ends while the connection is idle."""
    watched = run_watched(
        tmp_path,
        BEGIN
        + """
from urlsession.testing import LoopbackServer, wait_until, fixed_body
SERVER = LoopbackServer(fixed_body(b"x")).start()
SESSION = URLSession()
SESSION.data(SERVER.url()).result(5)
SERVER.stop()
assert wait_until(lambda: not SESSION.connections(), 5)
""",
        "unused",
    )
    (one,) = watched.connections

    assert one["closed_by"] == "peer"
    assert one["peer_fin_at_s"] is not None
    assert watched.kinds == []
