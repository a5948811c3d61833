"""Client certificates: who is asked, what is shown, and to whom it is not."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLProtectionSpace,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import LoopbackServer, RecordingDelegate, ServerConnection

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

    Answer = tuple[AuthChallengeDisposition, URLCredential | None] | None

USE = AuthChallengeDisposition.USE_CREDENTIAL
DEFAULT = AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
CHALLENGE = "session_did_receive_challenge"
METHOD = "4:URLSession:didReceiveChallenge:"
IDENTITY = "11:URLCredential(identity:certificates:persistence:)"
ERRORS = "8:clientCertificateRejected / Required (-1205, -1206)"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
CLIENT = AuthenticationMethod.CLIENT_CERTIFICATE


@pytest.fixture(scope="module")
def clients() -> trustme.CA:
    """Return the root of the clients."""
    return trustme.CA()


def identity_of(root: trustme.CA, name: str) -> URLCredential:
    """Return a client certificate."""
    leaf = root.issue_cert(f"{name}@example.org", common_name=name)
    return URLCredential.for_identity(
        leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes()
    )


@pytest.fixture(scope="module")
def anna(clients: trustme.CA) -> URLCredential:
    """Return one that the server knows."""
    return identity_of(clients, "anna")


def who(connection: ServerConnection) -> None:
    """Answer with the name of the client's certificate."""
    certificate = connection.socket.getpeercert()  # type: ignore[attr-defined]  # TLS
    name = "nobody"
    if certificate:
        name = dict(one[0] for one in certificate["subject"])["commonName"]
    while connection.recv_request():
        connection.send_response(200, [], name.encode())


def wanting(
    ca: CertificateAuthority,
    clients: trustme.CA,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    *,
    required: bool = True,
) -> ssl.SSLContext:
    """Return a context that asks for a client certificate."""
    context = ca.server_context()
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    clients.configure_trust(context)
    return context


@pytest.fixture
def configuration(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.path
    return made


def answering_with(*answers: Answer) -> RecordingDelegate:
    """Return a delegate that leaves trust to the system and answers the other."""
    left = list(answers)

    def decide(_session: object, challenge: object) -> Answer:
        assert isinstance(challenge, URLAuthenticationChallenge)
        if challenge.protection_space.authentication_method is not CLIENT:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return RecordingDelegate({CHALLENGE: decide})


def kinds(delegate: RecordingDelegate) -> list[str]:
    """Return what a delegate was asked about."""
    return [
        challenge.protection_space.authentication_method.name
        for challenge in (call.args[0] for call in delegate.named(CHALLENGE))
        if isinstance(challenge, URLAuthenticationChallenge)
    ]


def load(session: URLSession, server: LoopbackServer) -> bytes:
    """Load; the body."""
    data: bytes = session.data(server.url()).result(timeout=10).data
    return data


@pytest.mark.parity(METHOD, IDENTITY, "17:challenge", "18:4 #4937 client certificates")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("required", [True, False])
def test_identity_is_shown(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    anna: URLCredential,
    configuration: URLSessionConfiguration,
    version: ssl.TLSVersion,
    required: bool,
) -> None:
    """Asked for after the server's own certificate, and kept for the session."""
    server = serve(who, tls=wanting(ca, clients, version, required=required))
    delegate = answering_with((USE, anna))
    with URLSession(configuration, delegate) as session:
        assert [load(session, server) for _ in range(3)] == [b"anna"] * 3

    assert kinds(delegate) == ["SERVER_TRUST", "CLIENT_CERTIFICATE"]


@pytest.mark.parity("13:effects of the dispositions")
@pytest.mark.parametrize("answer", [None, (DEFAULT, None), (REJECT, None), (USE, None)])
@pytest.mark.parametrize("version", VERSIONS)
def test_optional_certificate_may_be_withheld(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
    answer: Answer,
    version: ssl.TLSVersion,
) -> None:
    """The server goes on without."""
    server = serve(who, tls=wanting(ca, clients, version, required=False))
    with URLSession(configuration, answering_with(answer)) as session:
        assert load(session, server) == b"nobody"


@pytest.mark.parity(ERRORS)
@pytest.mark.parametrize("version", VERSIONS)
def test_missing_certificate_is_an_error(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
    version: ssl.TLSVersion,
) -> None:
    """-1206, however the handshake happened to end."""
    server = serve(who, tls=wanting(ca, clients, version))
    with URLSession(configuration, answering_with(None)) as session:
        with pytest.raises(URLError) as failure:
            load(session, server)

    assert failure.value.code is URLErrorCode.CLIENT_CERTIFICATE_REQUIRED


@pytest.mark.parity(ERRORS)
@pytest.mark.parametrize("version", VERSIONS)
def test_refused_certificate_is_an_error(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
    version: ssl.TLSVersion,
) -> None:
    """-1205: of a root that the server does not know."""
    server = serve(who, tls=wanting(ca, clients, version))
    stranger = identity_of(trustme.CA(), "mallory")
    with URLSession(configuration, answering_with((USE, stranger))) as session:
        with pytest.raises(URLError) as failure:
            load(session, server)

    assert failure.value.code is URLErrorCode.CLIENT_CERTIFICATE_REJECTED


@pytest.mark.parity(ERRORS)
def test_certificate_and_key_that_do_not_match_are_an_error(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
) -> None:
    """-1205, before anything is shown."""
    one, other = clients.issue_cert("a@b.c"), clients.issue_cert("d@e.f")
    mixed = URLCredential.for_identity(
        one.cert_chain_pems[0].bytes(), other.private_key_pem.bytes()
    )
    server = serve(who, tls=wanting(ca, clients))
    with URLSession(configuration, answering_with((USE, mixed))) as session:
        with pytest.raises(URLError) as failure:
            load(session, server)

    assert failure.value.code is URLErrorCode.CLIENT_CERTIFICATE_REJECTED


def test_cancel_ends_the_task(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
) -> None:
    """With -999, and no request was sent."""
    server = serve(who, tls=wanting(ca, clients, required=False))
    with URLSession(configuration, answering_with((CANCEL, None))) as session:
        with pytest.raises(URLError) as failure:
            load(session, server)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert server.request_count == 0


@pytest.mark.parity(IDENTITY)
@pytest.mark.parametrize("version", VERSIONS)
def test_stored_identity_is_shown_without_a_delegate(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    anna: URLCredential,
    configuration: URLSessionConfiguration,
    version: ssl.TLSVersion,
) -> None:
    """And proposed where there is one."""
    server = serve(who, tls=wanting(ca, clients, version))
    storage = configuration.url_credential_storage
    assert storage is not None
    space = URLProtectionSpace(server.host, server.port, "https", None, CLIENT)
    storage.set(anna, space)
    with URLSession(configuration) as session:
        assert load(session, server) == b"anna"
        assert server.accepted == 1

    storage.set(anna, space)
    with URLSession(configuration, answering_with((DEFAULT, None))) as session:
        assert load(session, server) == b"anna"


def test_identity_goes_to_its_own_server_only(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    anna: URLCredential,
    configuration: URLSessionConfiguration,
) -> None:
    """Another port is another place."""
    server = serve(who, tls=wanting(ca, clients, required=False))
    other = serve(who, tls=wanting(ca, clients, required=False))
    storage = configuration.url_credential_storage
    assert storage is not None
    storage.set(
        anna, URLProtectionSpace(server.host, server.port, "https", None, CLIENT)
    )
    with URLSession(configuration) as session:
        assert load(session, server) == b"anna"
        assert load(session, other) == b"nobody"


def test_connection_of_one_identity_is_not_used_for_another(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    anna: URLCredential,
    configuration: URLSessionConfiguration,
) -> None:
    """Nor without one: libcurl keys its connections by the certificate."""
    berta = identity_of(clients, "berta")
    server = serve(who, tls=wanting(ca, clients, required=False))
    storage = configuration.url_credential_storage
    assert storage is not None
    space = URLProtectionSpace(server.host, server.port, "https", None, CLIENT)
    with URLSession(configuration) as session:
        names = [load(session, server)]
        storage.set_default_credential(anna, space)
        names += [load(session, server), load(session, server)]
        storage.set_default_credential(berta, space)
        names.append(load(session, server))
        storage.remove(berta, space)
        names.append(load(session, server))

    assert names == [b"nobody", b"anna", b"anna", b"berta", b"nobody"]
    assert server.accepted == 3


@pytest.mark.needs(programs=("openssl",))
@pytest.mark.parametrize("form", ["PEM file", "DER", "PKCS#12", "encrypted key"])
def test_identity_may_have_any_form(
    serve: Serve,
    ca: CertificateAuthority,
    clients: trustme.CA,
    configuration: URLSessionConfiguration,
    tmp_path: Path,
    form: str,
) -> None:
    """As openssl writes them."""
    leaf = clients.issue_cert("carla@example.org", common_name="carla")
    pem, key = tmp_path / "c.pem", tmp_path / "k.pem"
    pem.write_bytes(leaf.cert_chain_pems[0].bytes())
    key.write_bytes(leaf.private_key_pem.bytes())

    def openssl(*arguments: str) -> bytes:
        command = ["openssl", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    forms: dict[str, Any] = {
        "PEM file": lambda: URLCredential.for_identity(pem, key),
        "DER": lambda: URLCredential.for_identity(
            openssl("x509", "-in", str(pem), "-outform", "DER"),
            openssl("pkey", "-in", str(key), "-outform", "DER"),
        ),
        "PKCS#12": lambda: URLCredential.for_identity(
            openssl(
                *("pkcs12", "-export", "-in", str(pem), "-inkey", str(key)),
                *("-passout", "pass:hunter2"),
            ),
            password="hunter2",
        ),
        "encrypted key": lambda: URLCredential.for_identity(
            pem,
            openssl(
                *("pkcs8", "-topk8", "-in", str(key), "-passout", "pass:hunter2"),
                *("-v2", "aes-256-cbc"),
            ),
            password="hunter2",
        ),
    }
    server = serve(who, tls=wanting(ca, clients))
    with URLSession(configuration, answering_with((USE, forms[form]()))) as session:
        assert load(session, server) == b"carla"


@pytest.fixture
def openssl_server(
    ca: CertificateAuthority, clients: trustme.CA, tmp_path: Path
) -> Iterator[int]:
    """Run openssl's server, which names the issuers that it accepts; its port."""
    import socket

    from urlsession.testing import wait_until

    root = tmp_path / "clients.pem"
    root.write_bytes(clients.cert_pem.bytes())
    leaf = trustme.CA().issue_cert("127.0.0.1")
    both = tmp_path / "server.pem"
    both.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *("openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", both),
            *("-verify", "1", "-CAfile", root, "-www", "-quiet"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(listens, within_s=5)
        yield port
    finally:
        process.terminate()
        process.wait(5)


@pytest.mark.needs(programs=("openssl",))
@pytest.mark.parity("12:distinguishedNames")
def test_accepted_issuers_are_named(
    openssl_server: int, clients: trustme.CA, anna: URLCredential
) -> None:
    """As DER, for a client with many certificates to choose by."""
    seen: list[URLAuthenticationChallenge] = []

    def decide(_session: object, challenge: object) -> Answer:
        assert isinstance(challenge, URLAuthenticationChallenge)
        seen.append(challenge)
        trust = challenge.protection_space.server_trust
        if trust is not None:
            return USE, URLCredential.for_trust(trust)
        return USE, anna

    configuration = URLSessionConfiguration.ephemeral()
    with URLSession(configuration, RecordingDelegate({CHALLENGE: decide})) as session:
        url = f"https://127.0.0.1:{openssl_server}/"
        assert session.data(url).result(timeout=10).response.status_code == 200

    (name,) = seen[-1].protection_space.distinguished_names or ()
    der = ssl.PEM_cert_to_DER_cert(clients.cert_pem.bytes().decode())
    assert name in der
    assert seen[0].protection_space.distinguished_names is None
