"""HTTP/3: asked for, assumed, or found out by Alt-Svc. Against a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    ProxyConfiguration,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.connections import ConnectionState
from urlsession.testing import ServerConnection, wait_until
from urlsession.tls import TLSProtocolVersion

from .http3_server import HTTP3Server, http3_server
from .proxy_servers import free_port, tinyproxy
from .web_socket_peer import Peer

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

pytestmark = [pytest.mark.slow, pytest.mark.needs(modules=("hypercorn", "aioquic"))]
VERSIONS = "15:HTTP/2, HTTP/3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTP3Server]:
    """Run a server that speaks HTTP/3."""
    with http3_server(tmp_path_factory.mktemp("http3")) as running:
        yield running


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTP3Server]:
    """Run a server that says it speaks HTTP/3, where nobody does."""
    with http3_server(tmp_path_factory.mktemp("liar"), quic=False) as running:
        yield running


def trusting(server: HTTP3Server) -> URLSessionConfiguration:
    """Return a configuration that trusts the server."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = server.pem
    made.connection_proxy_dictionary = {}
    return made


@pytest.mark.parity(VERSIONS)
def test_alternative_service_is_followed(server: HTTP3Server) -> None:
    """From the second load on; the connection is told of as any other."""
    with URLSession(trusting(server)) as session:
        first = session.data(server.url()).result(10)
        task = session.data(server.url())
        second = task.result(10)
        (tcp, quic) = session.connections()
        metrics = task.metrics

    assert (first.data, second.data) == (b"2 GET 0", b"3 GET 0")
    assert (tcp.protocol, quic.protocol) == ("h2", "h3")
    assert quic.remote == ("127.0.0.1", server.quic_port)
    assert quic.state is ConnectionState.IDLE
    assert metrics is not None
    measured = metrics.transaction_metrics[0]
    assert measured.network_protocol_name == "h3"
    assert measured.negotiated_tls_protocol_version is TLSProtocolVersion.TLSV13


@pytest.mark.parity(VERSIONS)
def test_alternative_service_is_followed_on_a_loop(server: HTTP3Server) -> None:
    """The other door; a body goes there too."""

    async def load() -> bytes:
        async with URLSession(trusting(server)) as session:
            await session.data(server.url())
            request = URLRequest(server.url(), method="POST", body=bytes(100_000))
            data: bytes = (await session.data(request)).data
            return data

    assert asyncio.run(load()) == b"3 POST 100000"


@pytest.mark.parity(VERSIONS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_alternative_that_fails_is_left_for_the_origin(
    liar: HTTP3Server, method: str
) -> None:
    """In the same load, once; the next loads do not try it for a while."""
    request = URLRequest(
        liar.url(), method=method, body=None if method == "GET" else b"x"
    )
    with URLSession(trusting(liar)) as session:
        session.data(liar.url()).result(10)
        replies = [session.data(request).result(10).data for _ in range(2)]
        begun_at = time.monotonic()
        replies.append(session.data(request).result(10).data)
        took_s = time.monotonic() - begun_at

    assert replies == [f"2 {method} {0 if method == 'GET' else 1}".encode()] * 3
    assert took_s < 0.5


@pytest.mark.parity("6:assumesHTTP3Capable")
def test_request_may_assume_http3(server: HTTP3Server, liar: HTTP3Server) -> None:
    """It is raced with HTTP/2, so a server that has none is reached all the same."""
    for running, wanted in ((server, b"3 GET 0"), (liar, b"2 GET 0")):
        request = URLRequest(running.url())
        request.assumes_http3_capable = True
        with URLSession(trusting(running)) as session:
            assert session.data(request).result(10).data == wanted


@pytest.mark.parity(VERSIONS)
def test_chosen_version_is_not_changed(server: HTTP3Server) -> None:
    """`http_protocol` is an order."""
    configuration = trusting(server)
    configuration.http_protocol = "h2"
    with URLSession(configuration) as session:
        replies = [session.data(server.url()).result(10).data for _ in range(2)]

    assert replies == [b"2 GET 0"] * 2


@pytest.mark.parity(VERSIONS)
def test_http3_alone(server: HTTP3Server) -> None:
    """By `http_protocol`."""
    configuration = trusting(server)
    configuration.http_protocol = "h3"
    with URLSession(configuration) as session:
        assert session.data(server.url()).result(10).data == b"3 GET 0"


@pytest.mark.needs(programs=("tinyproxy",))
@pytest.mark.parity(VERSIONS, "2:proxyConfigurations")
def test_alternative_is_not_followed_past_a_proxy(
    server: HTTP3Server, tmp_path: Path
) -> None:
    """Nobody who asks for a proxy wants packets that go around it."""
    configuration = trusting(server)
    with tinyproxy(tmp_path) as port:
        configuration.proxy_configurations = [
            ProxyConfiguration.http("127.0.0.1", port)
        ]
        with URLSession(configuration) as session:
            replies = [session.data(server.url()).result(10).data for _ in range(2)]
            assert {one.proxy for one in session.connections()} == {
                f"http://127.0.0.1:{port}"
            }

    assert replies == [b"2 GET 0"] * 2


@pytest.mark.parity("2:enablesEarlyData")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_early_data_is_asked_for_without_harm(server: HTTP3Server, method: str) -> None:
    """Whether it goes early is for the server to allow."""
    configuration = trusting(server)
    configuration.enables_early_data = True
    configuration.http_protocol = "h3"
    request = URLRequest(server.url(), method=method)
    with URLSession(configuration) as session:
        session.data(request).result(10)
        session.flush()
        assert session.data(request).result(10).data.startswith(b"3 ")


@pytest.mark.parity("3.1:priority")
@pytest.mark.parametrize(
    ("priority", "field"), [(0.5, ""), (1.0, "u=0"), (0.25, "u=4"), (0.0, "u=6")]
)
def test_priority_goes_with_the_request(
    server: HTTP3Server, priority: float, field: str
) -> None:
    """RFC 9218; a usual one says nothing."""
    with URLSession(trusting(server)) as session:
        task = session.data_task(server.url())
        task.priority = priority
        task.resume()
        assert task.result(10).response.value("X-Priority") == field


@pytest.mark.parity(VERSIONS)
def test_quic_connection_is_closed_with_the_session(server: HTTP3Server) -> None:
    """The ledger ends even with it."""
    configuration = trusting(server)
    configuration.http_protocol = "h3"
    session = URLSession(configuration)
    session.data(server.url()).result(10)
    session.invalidate_and_cancel()

    assert wait_until(lambda: session.connections() == [])


@pytest.mark.parity(VERSIONS)
def test_web_socket_does_not_follow_an_alternative(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Its handshake is one of HTTP/1.1."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.header("Upgrade") is not None:
                peer = Peer(connection, request)
                peer.accept()
                peer.echo()
                return
            connection.send_response(200, [("Alt-Svc", f'h3=":{free_port()}"')])

    server = serve(handle, tls=ca.server_context())
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    with URLSession(configuration) as session:
        session.data(server.url()).result(5)
        assert session._core.context.sites.alternatives.known
        with session.web_socket(server.url().replace("https:", "wss:")) as ws:
            ws.send("here").result(5)
            assert ws.receive().result(5) == "here"
