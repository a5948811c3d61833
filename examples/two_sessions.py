"""The sample app of "NSURLSession connection leak", for Python.

An app object that is its own session delegate runs two ephemeral sessions, one after
the other, over HTTPS. Then it idles for a moment and ends. Run it under watch:

    urlsession watch examples/two_sessions.py
    urlsession watch examples/two_sessions.py --invalidate
    urlsession watch examples/two_sessions.py --drop

Loads from a loopback server of its own unless ``--url`` names another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from pathlib import Path

from urlsession import (
    URLSession,
    URLSessionConfiguration,
    URLSessionDataDelegate,
    URLSessionTask,
)
from urlsession.testing import LoopbackServer, fixed_body
from urlsession.testing.certificates import CertificateAuthority

LOAD_WITHIN_S = 30.0  # seconds that one load may take
PAGE = b"<!doctype html><title>two sessions</title>".ljust(1024)


class App(URLSessionDataDelegate):
    """Owns the sessions, and is the delegate of each."""

    def __init__(self, url: str, root: bytes | None, end: str) -> None:
        self.url = url
        self.root = root
        self.end = end
        self.sessions: list[URLSession] = []
        self.is_done = threading.Event()
        self.has_failed = False

    def run_session(self, name: str) -> None:
        """Make a session, load the page with it, wait until that is complete."""
        configuration = URLSessionConfiguration.ephemeral()
        if self.root is not None:
            configuration.trusted_certificates = self.root
        session = URLSession(configuration, delegate=self)
        session.session_description = name
        self.sessions.append(session)
        self.is_done.clear()
        session.data_task(self.url).resume()
        self.is_done.wait(LOAD_WITHIN_S)

    def task_did_complete(
        self, session: URLSession, task: URLSessionTask, error: Exception | None
    ) -> None:
        """Report the load, then end the session as the command line says."""
        name = session.session_description
        if error is not None:
            self.has_failed = True
            print(f"{name} session: {error}", file=sys.stderr)
        else:
            ports = [one.local[1] for one in session.connections() if one.local]
            print(f"{name} session: {task.count_of_bytes_received} bytes, port {ports}")
        if self.end == "invalidate":
            session.invalidate_and_cancel()
        elif self.end == "drop":
            self.sessions.remove(session)
        self.is_done.set()


def main() -> int:
    """Run the two sessions, one after the other."""
    parser = argparse.ArgumentParser(description="Run two consecutive sessions.")
    parser.add_argument("--url", help="load this instead of a page of our own")
    parser.add_argument("--idle", type=float, default=0.5, help="seconds until the end")
    end = parser.add_mutually_exclusive_group()
    end.add_argument(
        "--invalidate",
        dest="end",
        action="store_const",
        const="invalidate",
        help="invalidate each session when its task is complete",
    )
    end.add_argument(
        "--drop",
        dest="end",
        action="store_const",
        const="drop",
        help="forget each session when its task is complete",
    )
    options = parser.parse_args()

    # Globals, as an app has them: alive until the process ends.
    global app, server
    root = None
    if options.url is None:
        with tempfile.TemporaryDirectory() as folder:
            authority = CertificateAuthority(Path(folder))
        root = authority.pem
        server = LoopbackServer(fixed_body(PAGE), tls=authority.server_context())
        options.url = server.start().url("/")
    app = App(options.url, root, options.end or "neither")
    app.run_session("first")
    app.run_session("second")
    threading.Event().wait(options.idle)  # an app goes on for a while
    return 1 if app.has_failed else 0


app: App | None = None
server: LoopbackServer | None = None

if __name__ == "__main__":
    sys.exit(main())
