"""A server that only sends: 256 MiB from a block that stays in the processor's cache.

nginx needs 110 ms to send 256 MiB of a file on the machine that the README's numbers
are of, more than the fastest clients to read them: what they cost is hidden behind it.
This one needs 36 ms. It is no server otherwise: it answers whatever it is asked.

Run as a module it is that server, until its standard input ends.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.machine import server_core

__all__ = ("body_server",)

BLOCK = bytes(1024 * 1024)
BLOCKS = 256
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BLOCKS * len(BLOCK))


@contextmanager
def body_server() -> Iterator[str]:
    """Run the server as a process; give its URL, to which a path is added."""
    command = [sys.executable, "-m", "benchmarks.body_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.stdin.close()


def _serve(connection: socket.socket) -> None:
    with connection:
        try:
            while connection.recv(64 * 1024):  # a request without a body
                connection.sendall(_HEAD)
                for _ in range(BLOCKS):
                    connection.sendall(BLOCK)
        except OSError:  # the client has had enough
            return


def _main() -> None:
    core = server_core()
    if core is not None:
        os.sched_setaffinity(0, {core})
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # who started it reads it

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    _main()
