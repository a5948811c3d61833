"""The HTTP server of the corpus, in a process of its own.

Run as a script: prints its port and serves until its standard input ends; with
``--tls`` it speaks HTTPS under a certificate that nobody trusts.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ("Handler", "main")

# As OAuth has it, and as the metadata service of a cloud.
_TOKEN = (
    b'{"access_token": "of-the-corpus", "token_type": "Bearer", "expires_in": 3600,'
    b' "expires_on": "4102444800", "resource": "of-the-corpus",'
    b' "AccessKeyId": "x", "SecretAccessKey": "y", "Token": "z",'
    b' "Expiration": "2100-01-01T00:00:00Z"}'
)
_ANSWER = (
    b"<?xml version='1.0'?><methodResponse><params><param><value><int>7</int></value>"
    b"</param></params></methodResponse>"
)
_stop = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers by the path; see README.md."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer any method."""
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        verb, _, rest = self.path.strip("/").partition("?")[0].partition("/")
        argument = rest.partition("/")[0]  # an SDK puts its own path behind
        if verb == "bytes":
            self._reply(b"x" * int(argument))
        elif verb == "stream":
            self._stream()
        elif verb == "close":
            self._reply(b"bye")
            _stop.wait(float(argument or 0))
            self.close_connection = True
        elif verb == "status":
            self._reply(b"status", int(argument))
        elif verb == "redirect":
            self._redirect(argument)
        elif verb == "slow":
            _stop.wait(float(argument))
            self._reply(b"at last")
        elif verb == "token":
            self._reply(_TOKEN)
        elif verb == "RPC2":
            self._reply(_ANSWER)
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

    def _redirect(self, host: str) -> None:
        port = self.connection.getsockname()[1]
        self.send_response(302)
        self.send_header("Location", f"http://{host or '127.0.0.1'}:{port}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nhello\r\n")
        self.wfile.flush()
        _stop.wait(30)
        self.close_connection = True


def _speak_tls(server: ThreadingHTTPServer) -> None:
    # A test alone needs it, and every program of the corpus waits for this import.
    from urlsession.testing.certificates import CertificateAuthority

    with tempfile.TemporaryDirectory() as folder:
        context = CertificateAuthority(Path(folder)).server_context()
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )


def main() -> None:
    """Serve until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if "--tls" in sys.argv:
        _speak_tls(server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    _stop.set()
    server.shutdown()


if __name__ == "__main__":
    main()
