"""A server that only sends: 256 MiB from a block that stays in the processor's cache.

nginx needs 110 ms to send 256 MiB of a file on the machine that the README's numbers
are of, more than the fastest clients to read them: what they cost is hidden behind it.
This one needs 36 ms. It is no server otherwise: it answers whatever it is asked.

Run as a module it is that server, until its standard input ends.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.machine import server_core
from benchmarks.raw_server import run_server, serve_until_input_ends

__all__ = ("body_server",)

BLOCK = bytes(1024 * 1024)
BLOCKS = 256
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BLOCKS * len(BLOCK))


@contextmanager
def body_server() -> Iterator[str]:
    """Run the server as a process; give its URL, to which a path is added."""
    with run_server("benchmarks.body_server") as port:
        yield f"http://127.0.0.1:{port}/"


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
    serve_until_input_ends(_serve)


if __name__ == "__main__":
    _main()
