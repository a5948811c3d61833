"""No connection: nobody there, no such name, a certificate that is not accepted."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from urlsession import URLErrorCode, URLSessionConfiguration
from urlsession.errors import URLConnectionError
from urlsession.testing import ServerConnection, fixed_body
from urlsession.testing.certificates import CertificateAuthority

if TYPE_CHECKING:
    from ...conftest import Serve
    from .attempt import Load

PEER_FAILED_VERIFICATION = 60  # libcurl's number


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.mark.parity("8:cannotConnectToHost (-1004)")
def test_refused_connection_is_a_connection_error(load: Load, free_port: int) -> None:
    """With the system's errno."""
    attempt = load(f"http://127.0.0.1:{free_port}/")
    error = attempt.failed(URLErrorCode.CANNOT_CONNECT_TO_HOST, curl_code=7)

    assert isinstance(error, URLConnectionError | ConnectionError)
    assert error.os_errno == error.errno == errno.ECONNREFUSED


def test_refused_connection_is_told_for_https_too(load: Load, free_port: int) -> None:
    """TLS never began."""
    attempt = load(f"https://127.0.0.1:{free_port}/")
    attempt.failed(URLErrorCode.CANNOT_CONNECT_TO_HOST, curl_code=7)


def test_refused_name_tries_each_of_its_addresses(load: Load, free_port: int) -> None:
    """``localhost`` mostly has two."""
    attempt = load(f"http://localhost:{free_port}/")
    attempt.failed(URLErrorCode.CANNOT_CONNECT_TO_HOST, curl_code=7)


@pytest.mark.parity("8:cannotFindHost (-1003)")
def test_unknown_host_is_named(load: Load) -> None:
    """The name is reserved: it exists nowhere."""
    attempt = load("http://nowhere.invalid/path")
    error = attempt.failed(URLErrorCode.CANNOT_FIND_HOST, curl_code=6)

    assert "nowhere.invalid" in str(error)


@pytest.mark.parity("8:dnsLookupFailed (-1006)")
def test_unknown_proxy_is_told_apart_from_an_unknown_host(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user has another line to mend."""
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    attempt = load("http://nowhere.invalid/")
    error = attempt.failed(URLErrorCode.DNS_LOOKUP_FAILED, curl_code=5)

    assert "proxy.invalid" in str(error)


def not_yet_valid_context(root: trustme.CA) -> ssl.SSLContext:
    """Return a context whose certificate begins tomorrow."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = root.issue_cert(
        "127.0.0.1", not_before=tomorrow, not_after=tomorrow + timedelta(days=1)
    )
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("other_host", URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED),
        ("expired", URLErrorCode.SERVER_CERTIFICATE_HAS_BAD_DATE),
        ("unknown_root", URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT),
    ],
)
@pytest.mark.parity(
    "8:serverCertificate… (-1201 to -1204)", "18:5 #5157, #5092 CA roots, TLS errors"
)
def test_certificate_that_is_not_accepted_says_why(
    load: Load,
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
    code: URLErrorCode,
) -> None:
    """Nothing of the request goes to such a server."""
    context = getattr(ca, f"{kind}_context")()
    server = serve(fixed_body(b"secret"), tls=context)
    configuration.trusted_certificates = ca.path

    load(server.url(), configuration).failed(code, curl_code=PEER_FAILED_VERIFICATION)
    assert server.request_count == 0


@pytest.mark.parity("8:serverCertificate… (-1201 to -1204)")
def test_certificate_that_begins_tomorrow_says_so(
    load: Load, serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """A wrong clock, mostly the client's."""
    root = trustme.CA()
    server = serve(fixed_body(b"secret"), tls=not_yet_valid_context(root))
    configuration.trusted_certificates = root.cert_pem.bytes()

    attempt = load(server.url(), configuration)
    attempt.failed(
        URLErrorCode.SERVER_CERTIFICATE_NOT_YET_VALID,
        curl_code=PEER_FAILED_VERIFICATION,
    )


@pytest.mark.parity("18:5 #5157, #5092 CA roots, TLS errors")
def test_system_roots_do_not_include_a_private_one(load: Load, serve: Serve) -> None:
    """Verification is on without being asked for, and the cure is named."""
    server = serve(fixed_body(b"secret"), tls=True)
    error = load(server.url()).failed(
        URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,
        curl_code=PEER_FAILED_VERIFICATION,
    )

    assert "trusted_certificates" in str(error)


@pytest.mark.parity("8:secureConnectionFailed (-1200)")
def test_plain_server_behind_https_is_no_secure_connection(
    load: Load, serve: Serve
) -> None:
    """It answers TLS's first words with HTTP."""

    def handle(connection: ServerConnection) -> None:
        connection.recv()
        connection.send_response(400)

    url = serve(handle).url().replace("http:", "https:")
    load(url).failed(URLErrorCode.SECURE_CONNECTION_FAILED, curl_code=35)


def test_server_that_closes_in_the_handshake_is_no_secure_connection(
    load: Load, serve: Serve
) -> None:
    """FIN in the place of its hello."""

    def handle(connection: ServerConnection) -> None:
        connection.recv()

    url = serve(handle).url().replace("http:", "https:")
    load(url).failed(URLErrorCode.SECURE_CONNECTION_FAILED, curl_code=35)


@pytest.mark.parity("2:tlsMinimum/MaximumSupportedProtocolVersion")
def test_server_without_a_common_tls_version_is_no_secure_connection(
    load: Load, serve: Serve, ca: CertificateAuthority
) -> None:
    """The server offers what the session does not want."""
    from urlsession.configuration import TLSProtocolVersion

    context = ca.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    configuration.tls_minimum_supported_protocol_version = TLSProtocolVersion.TLSV13

    attempt = load(serve(fixed_body(b""), tls=context).url(), configuration)
    attempt.failed(URLErrorCode.SECURE_CONNECTION_FAILED, curl_code=35)
