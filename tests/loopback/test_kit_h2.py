"""The HTTP/2 server of the kit, asked by the bare engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pycurl
import pytest

from urlsession.testing import LoopbackServer, tcp_state, wait_until
from urlsession.testing.certificates import CertificateAuthority
from urlsession.testing.h2_server import H2Handler, H2Stream

if TYPE_CHECKING:
    from ..conftest import Serve


class Client:
    """A pool of the bare engine, without any rule of this project's."""

    def __init__(self, ca: CertificateAuthority) -> None:
        self._ca = ca
        self.multi = pycurl.CurlMulti()

    def load(
        self, server: LoopbackServer, *paths: str, body: bytes | None = None
    ) -> list[tuple[int, int, bytes]]:
        """Return (status, new connections, body) of each path, loaded at once."""
        handles = [self._handle(server.url(path), body) for path in paths]
        for handle, _ in handles:
            self.multi.add_handle(handle)
        self._run()
        results = []
        for handle, received in handles:
            status = handle.getinfo(pycurl.RESPONSE_CODE)
            opened = handle.getinfo(pycurl.NUM_CONNECTS)
            results.append((status, opened, b"".join(received)))
            self.multi.remove_handle(handle)
            handle.close()
        return results

    def _run(self) -> None:
        while self.multi.perform()[1]:
            self.multi.select(0.2)

    def _handle(self, url: str, body: bytes | None) -> tuple[pycurl.Curl, list[bytes]]:
        handle, received = pycurl.Curl(), list[bytes]()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.CAINFO, str(self._ca.path))
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        handle.setopt(pycurl.PIPEWAIT, 1)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.TIMEOUT, 10)
        handle.setopt(pycurl.WRITEFUNCTION, received.append)
        if body is not None:
            handle.setopt(pycurl.POSTFIELDS, body)
        return handle, received


@pytest.fixture
def client(ca: CertificateAuthority) -> Iterator[Client]:
    """Return a client whose pool ends with the test."""
    client = Client(ca)
    yield client
    client.multi.close()


def serve_h2(
    serve: Serve, ca: CertificateAuthority, handler: H2Handler
) -> LoopbackServer:
    """Start a server that offers HTTP/2 alone."""
    return serve(handler, tls=ca.server_context(alpn=("h2",)))


def test_h2_server_answers_with_headers_and_body(
    serve: Serve, ca: CertificateAuthority, client: Client
) -> None:
    """A body larger than a flow-control window goes through, both ways."""
    large = bytes(300_000)
    handler = H2Handler(lambda s: s.respond(201, [("x-a", "b")], s.request.body))
    server = serve_h2(serve, ca, handler)

    assert client.load(server, "/echo", body=large) == [(201, 1, large)]
    assert (handler.requests[0].method, handler.requests[0].path) == ("POST", "/echo")
    assert server.connections[0].alpn == "h2"


def test_h2_server_serves_streams_at_once(
    serve: Serve, ca: CertificateAuthority, client: Client
) -> None:
    """Answers that wait for one another come on one connection."""
    together = threading.Barrier(3, timeout=5)

    def answer(stream: H2Stream) -> None:
        together.wait()
        stream.respond(200, body=stream.request.path.encode())

    handler = H2Handler(answer)
    server = serve_h2(serve, ca, handler)
    client.load(server, "/a", "/b", "/c")

    assert (server.accepted, handler.peak_streams) == (1, 3)


def test_h2_server_ends_a_connection_by_goaway_after_its_streams(
    serve: Serve, ca: CertificateAuthority, client: Client
) -> None:
    """The stream under way ends well; the next load opens a new connection."""

    def answer(stream: H2Stream) -> None:
        if stream.request.path == "/last":
            handler.send_goaway()
        stream.respond(200, body=b"done")

    handler = H2Handler(answer)
    server = serve_h2(serve, ca, handler)

    assert client.load(server, "/last") == [(200, 1, b"done")]
    assert client.load(server, "/next") == [(200, 1, b"done")]
    assert server.accepted == 2


def test_h2_server_sends_fin_on_an_idle_connection(
    serve: Serve, ca: CertificateAuthority, client: Client
) -> None:
    """The bare engine does not notice, so the kernel is asked."""
    handler = H2Handler(lambda stream: stream.respond(200))
    server = serve_h2(serve, ca, handler)
    client.load(server, "/")
    port = server.connections[0].peer_port
    handler.send_fin()

    assert wait_until(lambda: tcp_state(port, server.port) == "CLOSE_WAIT")
    assert server.connections[0].peer_ended_at is None


def test_h2_server_can_reset_a_stream(
    serve: Serve, ca: CertificateAuthority, client: Client
) -> None:
    """RST_STREAM ends the stream, not the connection."""
    handler = H2Handler(
        lambda s: s.reset() if s.request.path == "/reset" else s.respond(200)
    )
    server = serve_h2(serve, ca, handler)

    assert client.load(server, "/reset")[0][0] == 0
    assert client.load(server, "/")[0][:2] == (200, 0)
