"""The HTTP server of the corpus, in a process of its own.

Run as a script: prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ("Handler", "main")

_stop = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers by the path; see README.md."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer any method."""
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        verb, _, argument = self.path.strip("/").partition("?")[0].partition("/")
        if verb == "bytes":
            self._reply(b"x" * int(argument))
        elif verb == "stream":
            self._stream()
        elif verb == "close":
            self._reply(b"bye")
            self.close_connection = True
        elif verb == "status":
            self._reply(b"status", int(argument))
        elif verb == "slow":
            _stop.wait(float(argument))
            self._reply(b"at last")
        else:
            self._reply(b'{"ok": true}')

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _reply(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n")
        self.wfile.flush()
        _stop.wait(30)
        self.close_connection = True


def main() -> None:
    """Serve until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    _stop.set()
    server.shutdown()


if __name__ == "__main__":
    main()
