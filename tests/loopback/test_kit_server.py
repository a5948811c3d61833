"""The loopback server of the kit, asked by plain sockets and the standard library."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession.testing import (
    LoopbackServer,
    ServerConnection,
    answering,
    echo_handler,
    fixed_body,
    redirecting,
    serve_files,
    tcp_state,
    wait_until,
)
from urlsession.testing.certificates import CertificateAuthority

if TYPE_CHECKING:
    from ..conftest import Serve


def get(
    server: LoopbackServer, path: str = "/", method: str = "GET"
) -> tuple[int, bytes]:
    """Load a path on a connection of its own."""
    client = http.client.HTTPConnection(server.host, server.port, timeout=5)
    try:
        client.request(method, path)
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def connect(server: LoopbackServer) -> socket.socket:
    """Open a plain socket to the server."""
    return socket.create_connection((server.host, server.port), timeout=5)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_server_answers_on_the_loopback_address_it_was_given(
    serve: Serve, host: str
) -> None:
    """Both address families work, and the URL names the one in use."""
    server = serve(fixed_body(b"hello"), host=host)

    assert get(server) == (200, b"hello")
    assert server.url("/x").endswith(f":{server.port}/x")


def test_server_keeps_a_connection_for_several_requests(serve: Serve) -> None:
    """Requests are counted apart from connections."""
    server = serve(fixed_body(b"hello"))
    client = http.client.HTTPConnection(server.host, server.port, timeout=5)
    for _ in range(3):
        client.request("POST", "/", body=b"data")
        client.getresponse().read()
    client.close()

    assert (server.accepted, server.request_count) == (1, 3)
    assert [one.body for one in server.requests] == [b"data"] * 3
    assert server.connections[0].requests == 3


def test_server_reads_a_chunked_body(serve: Serve) -> None:
    """Chunk framing is taken off."""
    server = serve(echo_handler)
    client = http.client.HTTPConnection(server.host, server.port, timeout=5)
    client.request("POST", "/", body=iter([b"ab", b"c"]), encode_chunked=True)
    client.getresponse().read()
    client.close()

    assert server.requests[0].body == b"abc"


def test_server_sends_a_chunked_body(serve: Serve) -> None:
    """A response may be framed as a chunk."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(body=b"abc", chunked=True)

    assert get(serve(handle)) == (200, b"abc")


def test_server_sends_no_body_after_head(serve: Serve) -> None:
    """The connection stays in step."""
    server = serve(fixed_body(b"hello"))
    with connect(server) as client:
        client.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
        head = client.recv(4096)

    assert b"Content-Length: 5\r\n" in head
    assert head.endswith(b"\r\n\r\n")


def test_server_tells_a_client_that_expects_it_to_continue(serve: Serve) -> None:
    """100 Continue comes before the body is read."""
    server = serve(echo_handler)
    with connect(server) as client:
        client.sendall(
            b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        interim = client.recv(4096)
        client.sendall(b"ab")
        final = client.recv(4096)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert final.startswith(b"HTTP/1.1 200 ")


def test_server_hears_fin_while_its_handler_does_not_read(serve: Serve) -> None:
    """The time of FIN is the ear's, not the handler's."""
    may_end = threading.Event()
    server = serve(lambda connection: may_end.wait(5))
    client = connect(server)
    assert server.wait_accepted(1)
    before = time.monotonic()
    client.close()
    ended_at = server.connections[0].wait_closed()
    may_end.set()

    assert ended_at is not None
    assert before <= ended_at <= before + 1
    assert not server.connections[0].was_reset


def test_server_tells_reset_from_fin(serve: Serve) -> None:
    """RST is recorded as such."""
    server = serve(lambda connection: connection.hold())
    client = connect(server)
    assert server.wait_accepted(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()

    assert server.connections[0].wait_closed() is not None
    assert server.connections[0].was_reset


def test_server_can_send_fin_and_go_on_reading(serve: Serve) -> None:
    """A client that ignores FIN stays in CLOSE_WAIT, and can still be heard."""

    def handle(connection: ServerConnection) -> None:
        connection.shutdown_write()
        connection.wait_closed()

    server = serve(handle)
    with connect(server) as client:
        port = client.getsockname()[1]
        became_close_wait = wait_until(
            lambda: tcp_state(port, server.port) == "CLOSE_WAIT"
        )

    assert became_close_wait
    assert server.wait_all_ended()
    assert server.connection_from(port).peer_ended_at is not None


def test_server_can_reset(serve: Serve) -> None:
    """`reset` sends RST."""

    def handle(connection: ServerConnection) -> None:
        connection.recv(1)
        connection.reset()

    server = serve(handle)
    with connect(server) as client:
        client.sendall(b"x")

        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_server_counts_the_most_connections_open_at_once(serve: Serve) -> None:
    """The peak stays when the connections go."""
    server = serve(lambda connection: connection.hold())
    clients = [connect(server) for _ in range(3)]
    assert server.wait_accepted(3)
    for client in clients:
        client.close()
    assert server.wait_all_ended()
    connect(server).close()
    assert server.wait_accepted(4)

    assert server.peak_open == 3


def test_server_raises_what_a_handler_raised() -> None:
    """A bug in a handler fails the test that uses it."""

    def handle(connection: ServerConnection) -> None:
        raise AssertionError("not this path")

    server = LoopbackServer(handle).start()
    with connect(server) as client:
        client.recv(1)

    with pytest.raises(ExceptionGroup) as caught:
        server.stop()
    assert [str(one) for one in caught.value.exceptions] == ["not this path"]


def test_server_forgives_a_client_that_leaves_in_the_middle(serve: Serve) -> None:
    """That is the client's business."""
    server = serve(echo_handler)
    with connect(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
    assert server.wait_all_ended()

    assert server.errors == []


def test_server_stops_while_a_handler_waits() -> None:
    """Stopping wakes a handler that reads, holds, or waits for a handshake."""
    contexts = [None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)]
    started = time.monotonic()
    for tls in contexts:
        server = LoopbackServer(lambda connection: connection.recv_request(), tls=tls)
        with server, connect(server):
            assert server.wait_accepted(1)

    assert time.monotonic() - started < 2


def test_server_speaks_tls_that_its_root_vouches_for(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """A client that trusts the root gets through, with ALPN."""
    server = serve(fixed_body(b"secret"), tls=True)
    context = ssl.create_default_context(cadata=ca.pem.decode())
    client = http.client.HTTPSConnection(
        "localhost", server.port, timeout=5, context=context
    )
    client.request("GET", "/")
    body = client.getresponse().read()
    client.close()

    assert body == b"secret"
    assert server.url().startswith("https://")


@pytest.mark.parametrize(
    ("context_name", "verify_code"),
    [("other_host_context", 64), ("expired_context", 10), ("unknown_root_context", 20)],
    ids=["other-host", "expired", "unknown-root"],
)
def test_server_has_certificates_that_must_be_refused(
    serve: Serve, ca: CertificateAuthority, context_name: str, verify_code: int
) -> None:
    """OpenSSL names the reason; the handler is never called."""
    server = serve(echo_handler, tls=getattr(ca, context_name)())
    context = ssl.create_default_context(cadata=ca.pem.decode())

    with (
        connect(server) as plain,
        pytest.raises(ssl.SSLCertVerificationError) as caught,
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
    assert caught.value.verify_code == verify_code
    assert wait_until(lambda: server.connections[0].tls_error)
    assert server.requests == deque()


def test_redirecting_sends_the_location_it_was_given(serve: Serve) -> None:
    """Paths that are not named are echoed."""
    server = serve(redirecting({"/old": (307, "/new")}))

    assert get(server, "/old") == (307, b"")
    assert get(server, "/new")[0] == 200


def test_serve_files_stays_below_its_root(serve: Serve, tmp_path: Path) -> None:
    """A path that climbs out is not found."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.txt").write_bytes(b"inside")
    (tmp_path / "b.txt").write_bytes(b"outside")
    server = serve(serve_files(tmp_path / "root"))

    assert get(server, "/a.txt") == (200, b"inside")
    assert get(server, "/../b.txt")[0] == 404


def test_answering_obeys_connection_close(serve: Serve) -> None:
    """The server sends FIN after the answer."""
    server = serve(answering(lambda request: (204, [], b"")))
    with connect(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: client.recv(4096), b""))

    assert received == b"HTTP/1.1 204 Reason\r\n\r\n"
