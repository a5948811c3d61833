"""A server of raw sockets as a process: how it is started, and what it does then."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ("run_server", "serve_until_input_ends")


@contextmanager
def run_server(module: str) -> Iterator[int]:
    """Run a module that calls `serve_until_input_ends`; give its port."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def serve_until_input_ends(serve: Callable[[socket.socket], None]) -> None:
    """Call `serve` on a thread for each connection, until the standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # who started it reads it

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
