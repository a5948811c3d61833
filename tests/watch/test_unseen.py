"""The observer does not change what it observes."""

from __future__ import annotations

from pathlib import Path

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve
from .running import run_watched

PROGRAM = """
import os, sys, threading
from urlsession import URLSession
order = []
sessions = [URLSession() for _ in range(5)]
for at, session in enumerate(sessions):
    session.add_connection_listener(lambda event, one, at=at: order.append(
        (at, event.value)))
    session.data(sys.argv[1]).result(5)
print(len(os.listdir("/proc/self/fd")), threading.active_count())
for session in sessions:
    session.invalidate_and_cancel()
print(len(os.listdir("/proc/self/fd")), threading.active_count(), order)
"""


@pytest.mark.slow
def test_descriptors_threads_and_order_of_closing_are_as_without(
    tmp_path: Path, serve: Serve
) -> None:
    """The same program, alone and watched."""
    server = serve(fixed_body(b"x"))
    watched = run_watched(tmp_path, PROGRAM, server.url())
    inside = f"""
import subprocess, sys
sys.stdout.write(subprocess.run([sys.executable, "-c", {PROGRAM!r}, sys.argv[1]],
    capture_output=True, text=True).stdout)
"""
    alone = run_watched(tmp_path, inside, server.url())

    assert watched.out == alone.out
    assert watched.out.count("closed") == 5


@pytest.mark.slow
def test_thousand_connections_are_all_in_the_report(
    tmp_path: Path, serve: Serve
) -> None:
    """Each once, closed by us."""
    server = serve(fixed_body(b"x"))
    watched = run_watched(
        tmp_path,
        """
        import sys
        from urlsession import URLSession
        for _ in range(1000):
            with URLSession() as session:
                session.data(sys.argv[1]).result(5)
        """,
        server.url(),
    )

    assert len(watched.connections) == 1000
    assert watched.report["summary"]["closed_by"] == {"local": 1000}
    assert watched.kinds == []
