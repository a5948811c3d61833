"""What is sent again when a reused connection is lost, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import LoopbackServer, ServerConnection, wait_until

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

LOST = ("15:lost connection", "16.4:stale pooled connection")


class Dying:
    """Answers one request on its first connection, and dies of the second."""

    def __init__(self, *, resets: bool) -> None:
        self.resets = resets
        self.seen: list[str] = []
        self._count = 0

    def __call__(self, connection: ServerConnection) -> None:
        self._count += 1
        is_first = self._count == 1
        while request := connection.recv_request():
            self.seen.append(request.method)
            if is_first and len(self.seen) == 2:
                if self.resets:
                    connection.reset()
                return
            connection.send_response(200, [], b"ok")


@pytest.fixture(params=["http", "https"])
def configuration(
    request: pytest.FixtureRequest, ca: CertificateAuthority
) -> URLSessionConfiguration:
    """Return one that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.pem
    made.http_protocol = "http/1.1"
    made.timeout_interval_for_request = 5
    return made


def start(serve: Serve, request: pytest.FixtureRequest, dying: Dying) -> LoopbackServer:
    """Start the server over the scheme that the configuration's fixture stands for."""
    name = request.node.callspec.params["configuration"]
    return serve(dying, tls=name == "https")


def pieces() -> Iterator[bytes]:
    """Yield a body that cannot be read again."""
    yield b"body"


@pytest.mark.parity(*LOST)
@pytest.mark.parametrize("resets", [False, True], ids=["fin", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_idempotent_request_is_sent_again(
    serve: Serve,
    request: pytest.FixtureRequest,
    configuration: URLSessionConfiguration,
    method: str,
    *,
    resets: bool,
) -> None:
    """In silence, on another connection."""
    dying = Dying(resets=resets)
    server = start(serve, request, dying)
    body = b"body" if method == "PUT" else None
    with URLSession(configuration) as session:
        session.data(server.url()).result(5)
        reply = session.data(URLRequest(server.url(), method=method, body=body)).result(
            5
        )

    assert reply.response.status_code == 200
    assert dying.seen == ["GET", method, method]


@pytest.mark.parity(*LOST)
@pytest.mark.parametrize("resets", [False, True], ids=["fin", "reset"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "MERGE"])
@pytest.mark.parametrize("body", [None, b"body", [b"bo", b"dy"], "iterator"])
def test_other_request_is_not(
    serve: Serve,
    request: pytest.FixtureRequest,
    configuration: URLSessionConfiguration,
    method: str,
    body: bytes | list[bytes] | str | None,
    *,
    resets: bool,
) -> None:
    """It fails with -1005, and what is to be done is the caller's affair."""
    dying = Dying(resets=resets)
    server = start(serve, request, dying)
    given = pieces() if body == "iterator" else body
    with URLSession(configuration) as session:
        session.data(server.url()).result(5)
        task = session.data(URLRequest(server.url(), method=method, body=given))
        with pytest.raises(URLError) as caught:
            task.result(5)
        assert session.data(server.url()).result(5).data == b"ok"

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert isinstance(caught.value, ConnectionError)
    assert dying.seen == ["GET", method, "GET"]


@pytest.mark.parity(*LOST)
def test_stream_of_a_request_that_is_not_idempotent_fails_too(
    serve: Serve, request: pytest.FixtureRequest, configuration: URLSessionConfiguration
) -> None:
    """The reply's kind makes no difference."""
    dying = Dying(resets=False)
    server = start(serve, request, dying)
    with URLSession(configuration) as session:
        session.data(server.url()).result(5)
        with pytest.raises(URLError) as caught:
            session.bytes(URLRequest(server.url(), method="POST", body=b"x")).result(5)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert dying.seen == ["GET", "POST"]


@pytest.mark.parity(*LOST)
def test_request_with_an_idempotency_key_is_sent_again(
    serve: Serve, request: pytest.FixtureRequest, configuration: URLSessionConfiguration
) -> None:
    """The server tells the second from another one."""
    dying = Dying(resets=False)
    server = start(serve, request, dying)
    post = URLRequest(
        server.url(), method="POST", body=b"x", headers={"Idempotency-Key": '"1"'}
    )
    with URLSession(configuration) as session:
        session.data(server.url()).result(5)
        session.data(post).result(5)

    assert dying.seen == ["GET", "POST", "POST"]


@pytest.mark.parity(*LOST)
def test_posts_share_a_connection_that_lives(
    serve: Serve, request: pytest.FixtureRequest, configuration: URLSessionConfiguration
) -> None:
    """The rule costs no handshake."""

    def answer(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send_response(200, [], b"ok")

    name = request.node.callspec.params["configuration"]
    server = serve(answer, tls=name == "https")
    with URLSession(configuration) as session:
        for _ in range(5):
            session.data(URLRequest(server.url(), method="POST", body=b"x")).result(5)

    assert server.accepted == 1
    assert wait_until(lambda: not server.open_connections)
