"""A real HTTP/3 server as a process on loopback: hypercorn, on aioquic.

It speaks HTTP/1.1 and HTTP/2 over TCP and HTTP/3 over UDP, and says so by Alt-Svc. Its
answer is the version, the method and the fields that it got.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import trustme

from urlsession.testing import wait_until

from .proxy_servers import free_port

__all__ = ("HTTP3Server", "http3_server")

_APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    urgency = dict(scope["headers"]).get(b"priority", b"")
    text = " ".join([scope["http_version"], scope["method"], str(len(body))]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"text/plain"), (b"x-priority", urgency),
    ]})
    await send({"type": "http.response.body", "body": text})
"""


class HTTP3Server(NamedTuple):
    """Where it is, and what to trust.

    Attributes:
        port: Its port for TCP.
        quic_port: Its port for QUIC.
        pem: The root.
    """

    port: int
    quic_port: int
    pem: bytes

    def url(self, path: str = "/") -> str:
        """Return a URL; its port is that of TCP."""
        return f"https://localhost:{self.port}{path}"


@contextmanager
def http3_server(folder: Path, *, quic: bool = True) -> Iterator[HTTP3Server]:
    """Run the server; without `quic` it speaks of HTTP/3, and does not speak it."""
    ca = trustme.CA()
    leaf = ca.issue_cert("localhost", "127.0.0.1", "::1")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "answering.py").write_text(_APP)
    port = quic_port = free_port()
    options = [f"--quic-bind=127.0.0.1:{quic_port}"]
    if not quic:
        lines = [f'alt_svc_headers = ["h3=\\":{free_port()}\\"; ma=60"]']
        (folder / "server.toml").write_text("\n".join(lines))
        options = [f"--config={folder / 'server.toml'}"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "hypercorn", "answering:app"),
            *("--bind", f"127.0.0.1:{port}"),
            *("--certfile", str(folder / "cert.pem")),
            *("--keyfile", str(folder / "key.pem")),
            *options,
        ],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: _answers(port), within_s=10, every_s=0.05)
        yield HTTP3Server(port, quic_port, ca.cert_pem.bytes())
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as raw:
        context.wrap_socket(raw).close()
        return True
    return False
