"""A raw-socket server that notes when each of its connections reached its end.

Speaks lines over its pipes: prints its port; `expect N` starts a round (answered
`ok`); `report` waits until every connection of the round has ended, then prints
`{"ended": [seconds, ...], "open": how many never ended}`. It keeps every reply
back until N requests are there, so that N loads need N connections.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time

from benchmarks.workers.harness import BODY_LENGTH, raise_descriptor_limit

REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Length: %d\r\n\r\n" % BODY_LENGTH
) + b"x" * BODY_LENGTH
GIVE_UP_S = 15.0  # seconds after `report`; an open connection is then called open


class FinWitness:
    """One round at a time, on one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._commands = sys.stdin
        self._selector.register(self._commands, selectors.EVENT_READ)
        self._expected = 1
        self._asking: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._ended: list[float] = []
        self._report_until: float | None = None
        self._quit = False

    def serve(self) -> None:
        """Serve until standard input ends."""
        _say(str(self._listener.getsockname()[1]))
        while not self._quit:
            # A clock reading per batch is exact enough and does not delay the
            # thousandth FIN by a thousand readings.
            ready = self._selector.select(timeout=0.5)
            at = time.clock_gettime(time.CLOCK_MONOTONIC)
            for key, _ in ready:
                if key.fd == self._commands.fileno():
                    self._obey(self._commands.readline())
                elif key.fileobj is self._listener:
                    self._accept()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self._read(key.fileobj, at)
            self._report_when_done(at)

    def _obey(self, line: str) -> None:
        word, _, number = line.strip().partition(" ")
        if word == "expect":
            self._expected = int(number)
            self._asking.clear()
            self._ended.clear()
            _say("ok")
        elif word == "report":
            now = time.clock_gettime(time.CLOCK_MONOTONIC)
            self._report_until = now + GIVE_UP_S
        else:
            self._quit = True

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)
            self._open.add(connection)

    def _read(self, connection: socket.socket, at: float) -> None:
        try:
            received = connection.recv(65536)
        except BlockingIOError:
            return
        except ConnectionResetError:
            received = b""
        if not received:
            self._ended.append(at)
            self._open.discard(connection)
            self._selector.unregister(connection)
            connection.close()
        elif received.endswith(b"\r\n\r\n"):
            self._asking.append(connection)
            if len(self._asking) == self._expected:
                for asking in self._asking:
                    asking.sendall(REPLY)
                self._asking.clear()

    def _report_when_done(self, at: float) -> None:
        if self._report_until is None:
            return
        if self._open and at < self._report_until:
            return
        self._report_until = None
        _say(json.dumps({"ended": self._ended, "open": len(self._open)}))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise_descriptor_limit(4096)
    FinWitness().serve()
