"""Section 8, -1022: a session that loads nothing without TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import URLError, URLErrorCode, URLSession, URLSessionConfiguration
from urlsession.testing import LoopbackServer, fixed_body, redirecting
from urlsession.testing.certificates import CertificateAuthority

if TYPE_CHECKING:
    from ..conftest import Serve

REFUSED = URLErrorCode.APP_TRANSPORT_SECURITY_REQUIRES_SECURE_CONNECTION
ROW = "8:appTransportSecurityRequiresSecureConnection (-1022)"


@pytest.fixture
def configuration(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return one that requires TLS."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.path
    made.requires_secure_connection = True
    return made


@pytest.fixture
def plain(serve: Serve) -> LoopbackServer:
    """Return a server without TLS."""
    return serve(fixed_body(b"x"))


@pytest.mark.parity(ROW)
def test_load_without_tls_is_refused_before_anything_is_sent(
    configuration: URLSessionConfiguration, plain: LoopbackServer
) -> None:
    """By data tasks, streams and WebSockets alike."""
    with URLSession(configuration) as session:
        loads = (
            session.data(plain.url()),
            session.bytes(plain.url()),
            session.download(plain.url()),
        )
        for load in loads:
            with pytest.raises(URLError) as refusal:
                load.result(5)
            assert refusal.value.code is REFUSED
        socket = session.web_socket_task(plain.url().replace("http:", "ws:"))
        socket.resume()
        with pytest.raises(URLError) as refusal:
            socket.receive().result(5)

        assert refusal.value.code is REFUSED
        assert session.connections() == []
    assert not plain.requests


@pytest.mark.parity(ROW)
def test_redirect_to_a_url_without_tls_is_refused(
    configuration: URLSessionConfiguration, serve: Serve, plain: LoopbackServer
) -> None:
    """What is loaded over TLS may lead nowhere else."""
    secure = serve(
        redirecting({"/away": (302, plain.url()), "/on": (302, "/there")}), tls=True
    )
    with URLSession(configuration) as session:
        assert session.data(secure.url("/on")).result(5).status_code == 200
        with pytest.raises(URLError) as refusal:
            session.data(secure.url("/away")).result(5)

    assert refusal.value.code is REFUSED
    assert not plain.requests
