"""Protection spaces as challenges have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import (
    AuthenticationMethod,
    URLAuthenticationChallenge,
    URLProtectionSpace,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate, answering

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

BASIC, DIGEST = AuthenticationMethod.HTTP_BASIC, AuthenticationMethod.HTTP_DIGEST


@pytest.mark.parity(
    "12:initialisers",
    "12:host … authenticationMethod",
    "12:receivesCredentialSecurely",
)
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    ("field", "method", "realm"),
    [
        ('Basic realm="a b"', BASIC, "a b"),
        ('Basic realm="caf\xc3\xa9"', BASIC, "café"),
        ("Basic", BASIC, None),
        ('Digest realm="d", nonce="n"', DIGEST, "d"),
    ],
)
def test_space_says_who_asks(
    serve: Serve,
    ca: CertificateAuthority,
    tls: bool,
    field: str,
    method: AuthenticationMethod,
    realm: str | None,
) -> None:
    """Host, port, protocol, realm and method; a key for a storage."""
    fields = [("WWW-Authenticate", field)]
    server = serve(answering(lambda _request: (401, fields, b"no")), tls=tls)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    delegate = RecordingDelegate({"task_did_receive_challenge": None})
    with URLSession(configuration, delegate) as session:
        session.data(server.url()).result(timeout=10)

    challenge = delegate.named("task_did_receive_challenge")[-1].args[1]
    assert isinstance(challenge, URLAuthenticationChallenge)
    space = challenge.protection_space
    protocol = "https" if tls else "http"
    assert space == URLProtectionSpace(
        server.host, server.port, protocol, realm, method
    )
    assert space.receives_credential_securely is (tls or method is DIGEST)
    assert not space.is_proxy
    assert space.server_trust is None
    assert space.distinguished_names is None
