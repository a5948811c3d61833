"""HTTP/2: agreed on by ALPN, many loads over one connection."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from urlsession import URLRequest, URLSession, URLSessionConfiguration
from urlsession.testing import LoopbackServer
from urlsession.testing.h2_server import H2Handler, H2Stream

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve


def echo(stream: H2Stream) -> None:
    """Answer with method, path and body."""
    request = stream.request
    stream.respond(200, [], f"{request.method} {request.path} ".encode() + request.body)


def start(
    serve: Serve, ca: CertificateAuthority, handler: H2Handler
) -> tuple[LoopbackServer, URLSessionConfiguration]:
    """Start an HTTP/2 server; return it and a configuration that trusts it."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    context = ca.server_context(alpn=("h2", "http/1.1"))
    return serve(handler, tls=context), configuration


def test_http2_is_agreed_on_by_alpn(serve: Serve, ca: CertificateAuthority) -> None:
    """The metrics, the response and the ledger all say so."""
    server, configuration = start(serve, ca, H2Handler(echo))
    with URLSession(configuration) as session:
        task = session.data(server.url("/a"))
        data, response = task.result(5)
        [connection] = session.connections()
        agreed = server.connections[0].alpn

    assert data == b"GET /a "
    assert task.metrics is not None
    assert task.metrics.transaction_metrics[0].network_protocol_name == "h2"
    assert response.http_version == "HTTP/2"
    assert connection.protocol == "h2"
    assert agreed == "h2"


def test_loads_run_side_by_side_over_one_connection(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Twenty under way at once: the limit of six is for HTTP/1.1."""
    everybody = threading.Barrier(20)

    def together(stream: H2Stream) -> None:
        everybody.wait(5)
        echo(stream)

    handler = H2Handler(together)
    server, configuration = start(serve, ca, handler)

    async def story() -> list[bytes]:
        async with URLSession(configuration) as session:
            tasks = [session.data(server.url(f"/{n}")) for n in range(20)]
            return [(await task).data for task in tasks]

    assert asyncio.run(story()) == [b"GET /%d " % n for n in range(20)]
    assert server.accepted == 1
    assert handler.peak_streams == 20


@pytest.mark.parity("5:networkProtocolName")
def test_metrics_say_which_loads_shared_the_connection(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """One opened it, the others reused it."""
    server, configuration = start(serve, ca, H2Handler(echo))
    with URLSession(configuration) as session:
        tasks = [session.data(server.url()) for _ in range(5)]
        for task in tasks:
            task.result(5)

    found = [t.metrics.transaction_metrics[0] for t in tasks if t.metrics is not None]
    assert len({one.connection_id for one in found}) == 1
    assert sorted(one.is_reused_connection for one in found) == [False] + [True] * 4
    assert {one.local_port for one in found} == {server.connections[0].peer_port}


@pytest.mark.parametrize("body", [b"body", b"x" * 1_000_000], ids=["small", "large"])
def test_bodies_go_both_ways(
    serve: Serve, ca: CertificateAuthority, body: bytes
) -> None:
    """Beyond one window of flow control."""
    server, configuration = start(serve, ca, H2Handler(echo))
    with URLSession(configuration) as session:
        request = URLRequest(server.url("/a"), method="PUT", body=body)
        reply = session.data(request).result(10)
        streamed = URLRequest(server.url("/a"), method="PUT", body=iter([body]))
        again = session.data(streamed).result(10)

    assert reply.data == again.data == b"PUT /a " + body


def test_cancelled_load_leaves_the_connection_to_the_others(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Only its stream is reset."""
    go = threading.Event()

    def wait(stream: H2Stream) -> None:
        if stream.request.path == "/slow":
            go.wait(5)
        echo(stream)

    server, configuration = start(serve, ca, H2Handler(wait))
    with URLSession(configuration) as session:
        session.data(server.url("/first")).result(5)
        slow = [session.data(server.url("/slow")) for _ in range(2)]
        slow[0].cancel()
        assert session.data(server.url("/other")).result(5).data == b"GET /other "
        go.set()
        assert slow[1].result(5).data == b"GET /slow "

    assert server.accepted == 1


@pytest.mark.parity("18:1 #3204 backpressure")
def test_slow_reader_of_one_stream_does_not_hold_up_another(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Each stream has a window of its own."""

    def large(stream: H2Stream) -> None:
        body = b"x" * 8_000_000 if stream.request.path == "/large" else b"small"
        stream.respond(200, [], body)

    server, configuration = start(serve, ca, H2Handler(large))
    with URLSession(configuration) as session:
        session.data(server.url("/first")).result(5)
        chunks, _ = session.bytes(server.url("/large")).result(5)
        assert session.data(server.url("/other")).result(5).data == b"small"
        assert len(chunks.read()) == 8_000_000

    assert server.accepted == 1


def test_session_may_be_kept_to_http1(serve: Serve, ca: CertificateAuthority) -> None:
    """Then nothing else is offered to the server."""
    from urlsession.testing import fixed_body

    context = ca.server_context(alpn=("h2", "http/1.1"))
    server = serve(fixed_body(b"x"), tls=context)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    configuration.http_protocol = "http/1.1"
    with URLSession(configuration) as session:
        task = session.data(server.url())
        task.result(5)
        agreed = server.connections[0].alpn

    assert task.metrics is not None
    assert task.metrics.transaction_metrics[0].network_protocol_name == "http/1.1"
    assert agreed == "http/1.1"
