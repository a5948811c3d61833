"""ServerTrust: asked on each new connection, before a byte of a request is on it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    answering,
)

from .bad_certificates import BAD, context_of
from .http3_server import http3_server

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

    Answer = tuple[AuthChallengeDisposition, URLCredential | None] | None
    Judge = Callable[[ServerTrust], Answer]

USE = AuthChallengeDisposition.USE_CREDENTIAL
DEFAULT = AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
CHALLENGE = "session_did_receive_challenge"
TRUST = "12:serverTrust"
ACCEPTS = "11:URLCredential(trust:)"
METHOD = "4:URLSession:didReceiveChallenge:"
ORDER = "17:challenge"
ERRORS = "8:serverCertificate… (-1201 to -1204)"


def accept(trust: ServerTrust) -> Answer:
    """Trust whoever it is."""
    return USE, URLCredential.for_trust(trust)


def judged(judge: Judge) -> RecordingDelegate:
    """Return a session delegate that judges what servers show."""

    def decide(_session: object, challenge: object) -> Answer:
        assert isinstance(challenge, URLAuthenticationChallenge)
        trust = challenge.protection_space.server_trust
        assert trust is not None
        return judge(trust)

    return RecordingDelegate({CHALLENGE: decide})


def asked(delegate: RecordingDelegate) -> list[URLAuthenticationChallenge]:
    """Return the challenges that a delegate has seen."""
    found = [call.args[0] for call in delegate.named(CHALLENGE)]
    assert all(isinstance(one, URLAuthenticationChallenge) for one in found)
    return found  # type: ignore[return-value]  # asserted above


@pytest.fixture
def configuration(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.path
    return made


class Deaf:
    """A server that notes every byte it gets on a connection, and answers."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._lock = threading.Lock()

    def __call__(self, connection: ServerConnection) -> None:
        with self._lock:
            index = len(self.heard)
            self.heard.append(b"")
        while data := connection.recv():
            with self._lock:
                self.heard[index] += data
            if b"\r\n\r\n" in self.heard[index]:
                connection.send_response(200, [], b"hello")


def hello(serve: Serve, context: ssl.SSLContext) -> LoopbackServer:
    """Start a server that greets."""
    return serve(answering(lambda _request: (200, [], b"hello")), tls=context)


# -- what is asked ------------------------------------------------------------------


@pytest.mark.parity(METHOD, TRUST, ORDER, ACCEPTS)
def test_trusted_server_is_asked_about_once(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """With its chain; a request on an open connection asks nobody."""
    server = hello(serve, ca.server_context())
    delegate = judged(accept)
    with URLSession(configuration, delegate) as session:
        for _ in range(3):
            assert session.data(server.url()).result(timeout=10).data == b"hello"

    (challenge,) = asked(delegate)
    space = challenge.protection_space
    assert space.authentication_method is AuthenticationMethod.SERVER_TRUST
    assert (space.host, space.port, space.protocol) == (
        server.host,
        server.port,
        "https",
    )
    assert space.server_trust is not None
    assert space.server_trust.is_trusted
    pem = ssl.get_server_certificate((server.host, server.port))
    assert space.server_trust.certificate == ssl.PEM_cert_to_DER_cert(pem)
    assert challenge.error is None
    # One connection to look at, one for the requests, one of this test.
    assert (server.accepted, server.request_count) == (3, 3)


@pytest.mark.parity(METHOD, ACCEPTS, TRUST)
@pytest.mark.parametrize("kind", BAD)
def test_refused_certificate_may_be_accepted(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
) -> None:
    """Pinned, or private: the delegate has the last word."""
    server = hello(serve, context_of(kind, ca))
    delegate = judged(accept)
    with URLSession(configuration, delegate) as session:
        for _ in range(3):
            assert session.data(server.url()).result(timeout=10).data == b"hello"

    (challenge,) = asked(delegate)
    result, code = BAD[kind]
    trust = challenge.protection_space.server_trust
    assert trust is not None
    assert trust.verify_result == result
    assert trust.verify_message
    assert challenge.error is not None
    assert challenge.error.code is code
    assert (server.accepted, server.request_count) == (2, 3)


@pytest.mark.parity(ERRORS, "13:effects of the dispositions")
@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        (DEFAULT, None),
        (REJECT, None),
        (USE, None),
        (USE, URLCredential("u", "p")),
    ],
    ids=["None", "default", "reject", "use none", "use a password"],
)
def test_default_handling_is_the_systems(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
    answer: Answer,
) -> None:
    """Whatever does not accept the certificate leaves it to the system."""
    server = hello(serve, context_of(kind, ca))
    with URLSession(configuration, judged(lambda _trust: answer)) as session:
        with pytest.raises(URLError) as failure:
            session.data(server.url()).result(timeout=10)

    assert failure.value.code is BAD[kind][1]
    assert server.request_count == 0


@pytest.mark.parity(ERRORS)
@pytest.mark.parametrize("kind", BAD)
def test_without_a_delegate_the_system_decides(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
) -> None:
    """The same errors, in one handshake."""
    server = hello(serve, context_of(kind, ca))
    with URLSession(configuration) as session, pytest.raises(URLError) as failure:
        session.data(server.url()).result(timeout=10)

    assert failure.value.code is BAD[kind][1]
    assert server.accepted == 1


@pytest.mark.parity("13:effects of the dispositions")
@pytest.mark.parametrize("answer", [None, (DEFAULT, None), (REJECT, None)])
def test_default_handling_trusts_what_the_system_trusts(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    answer: Answer,
) -> None:
    """Also when another certificate of the same server comes next."""
    server = hello(serve, ca.server_context())
    with URLSession(configuration, judged(lambda _trust: answer)) as session:
        assert session.data(server.url()).result(timeout=10).data == b"hello"


@pytest.mark.parity("13:effects of the dispositions", ORDER)
@pytest.mark.parametrize("is_good", [True, False])
def test_cancel_ends_the_task(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    is_good: bool,
) -> None:
    """With -999; the server has heard nothing, whether the system trusts it or not."""
    deaf = Deaf()
    context = ca.server_context() if is_good else ca.unknown_root_context()
    server = serve(deaf, tls=context)
    with URLSession(configuration, judged(lambda _trust: (CANCEL, None))) as session:
        with pytest.raises(URLError) as failure:
            session.data(server.url()).result(timeout=10)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert server.wait_all_ended()
    assert deaf.heard in ([b""], [])


@pytest.mark.parity(METHOD, ORDER)
@pytest.mark.parametrize("kind", ["good", *BAD])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_byte_is_sent_before_the_decision(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
    method: str,
) -> None:
    """Heard by the server while the delegate thinks: nothing, on any connection."""
    deaf = Deaf()
    context = context_of(kind, ca)
    server = serve(deaf, tls=context)
    heard: list[list[bytes]] = []

    def think(trust: ServerTrust) -> Answer:
        assert server.wait_all_ended()  # the connection that was looked at is gone
        heard.append(deaf.heard.copy())
        return accept(trust)

    body = b"secret" * 1000 if method == "POST" else None
    with URLSession(configuration, judged(think)) as session:
        request = URLRequest(server.url(), method=method, body=body)
        assert session.data(request).result(timeout=10).data == b"hello"

    assert len(heard) == 1
    assert set(heard[0]) <= {b""}


def test_each_new_connection_is_asked_about(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Here the server closes after each response."""

    def handle(connection: ServerConnection) -> None:
        if connection.recv_request():
            connection.send_response(200, [("Connection", "close")], b"hello")

    for context in (ca.server_context(), ca.unknown_root_context()):
        server = serve(handle, tls=context)
        delegate = judged(accept)
        with URLSession(configuration, delegate) as session:
            for _ in range(3):
                session.data(server.url()).result(timeout=10)

        assert len(asked(delegate)) == 3
        assert server.request_count == 3


def test_many_loads_at_once_are_all_asked_about(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Each on a connection that was accepted."""
    server = hello(serve, ca.unknown_root_context())
    delegate = judged(accept)

    async def run() -> set[bytes]:
        async with URLSession(configuration, delegate) as session:
            tasks = [session.data(server.url(f"/{n}")) for n in range(20)]
            return {(await task).data for task in tasks}

    assert asyncio.run(run()) == {b"hello"}
    assert server.request_count == 20


# -- pinning -------------------------------------------------------------------------------


class Changing:
    """Serves TLS with one certificate after the other, and answers."""

    def __init__(self, *contexts: ssl.SSLContext) -> None:
        self.contexts = list(contexts)
        self.heard: list[bytes] = []

    def __call__(self, connection: ServerConnection) -> None:
        context = self.contexts.pop(0) if len(self.contexts) > 1 else self.contexts[0]
        if not connection.start_tls(context):
            return
        index = len(self.heard)
        self.heard.append(b"")
        request = connection.recv_head()
        if request is not None:
            self.heard[index] = request.target.encode()
            connection.send_response(200, [("Connection", "close")], b"hello")


@pytest.mark.parity(ACCEPTS, TRUST)
def test_server_that_changes_its_certificate_is_asked_about_again(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Between look and request: what was accepted was another certificate."""
    first, second = ca.unknown_root_context(), ca.unknown_root_context()
    changing = Changing(first, second, second, second)
    server = serve(changing)
    seen: list[bytes] = []

    def pinned(trust: ServerTrust) -> Answer:
        seen.append(trust.certificate)
        return accept(trust) if len(seen) == 1 else (CANCEL, None)

    with URLSession(configuration, judged(pinned)) as session:
        with pytest.raises(URLError) as failure:
            session.data(server.url().replace("http:", "https:")).result(timeout=10)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert len(set(seen)) == 2
    assert set(changing.heard) <= {b""}


def test_trusted_certificate_that_changes_is_asked_about_again(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """A pin holds against certificates that the system trusts, too."""
    changing = Changing(ca.server_context(), ca.server_context())
    server = serve(changing)
    pins: set[bytes] = set()

    def pinned(trust: ServerTrust) -> Answer:
        assert trust.is_trusted
        if not pins:
            pins.add(trust.certificate)
        return accept(trust) if trust.certificate in pins else (CANCEL, None)

    with URLSession(configuration, judged(pinned)) as session:
        with pytest.raises(URLError) as failure:
            session.data(server.url().replace("http:", "https:")).result(timeout=10)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert set(changing.heard) <= {b""}


def test_default_handling_takes_any_trusted_certificate(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Servers behind one address may have one each."""
    changing = Changing(*(ca.server_context() for _ in range(4)))
    server = serve(changing)
    delegate = judged(lambda _trust: None)
    with URLSession(configuration, delegate) as session:
        url = server.url().replace("http:", "https:")
        assert session.data(url).result(timeout=10).data == b"hello"

    assert len(asked(delegate)) == 1


def test_accepted_certificate_is_for_those_who_accept(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """A task that asks nobody does not go over a connection that was accepted."""
    server = hello(serve, ca.unknown_root_context())
    delegate = judged(accept)
    with URLSession(configuration) as session:
        session.data(server.url(), delegate=delegate).result(timeout=10)
        with pytest.raises(URLError) as failure:
            session.data(server.url()).result(timeout=10)
        session.data(server.url(), delegate=delegate).result(timeout=10)

    assert failure.value.code is URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT
    assert server.request_count == 2
    assert len(asked(delegate)) == 1


def test_judged_task_does_not_use_a_connection_that_nobody_judged(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """However well the system trusts it: the delegate may pin another."""
    server = hello(serve, ca.server_context())
    delegate = judged(lambda _trust: (CANCEL, None))
    with URLSession(configuration) as session:
        session.data(server.url()).result(timeout=10)
        with pytest.raises(URLError) as failure:
            session.data(server.url(), delegate=delegate).result(timeout=10)

    assert failure.value.code is URLErrorCode.CANCELLED
    assert server.request_count == 1


def test_sessions_do_not_share_what_they_accepted(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Another session asks for itself."""
    server = hello(serve, ca.unknown_root_context())
    with URLSession(configuration, judged(accept)) as session:
        session.data(server.url()).result(timeout=10)
        with URLSession(configuration, judged(lambda _t: (CANCEL, None))) as other:
            with pytest.raises(URLError):
                other.data(server.url()).result(timeout=10)

    assert server.request_count == 1


# -- who is asked ----------------------------------------------------------------------------


@pytest.mark.parity(METHOD, ORDER)
def test_task_method_is_asked_where_there_is_no_other(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """And it is not where the session's is there."""
    server = hello(serve, ca.unknown_root_context())

    def decide(_session: object, _task: object, challenge: Any) -> Answer:
        return accept(challenge.protection_space.server_trust)

    task_only = RecordingDelegate({"task_did_receive_challenge": decide})
    with URLSession(configuration, task_only) as session:
        session.data(server.url()).result(timeout=10)
    assert task_only.count("task_did_receive_challenge") == 1

    both = judged(accept)
    both.task_did_receive_challenge = lambda *_: (CANCEL, None)
    with URLSession(configuration, both) as session:
        assert session.data(server.url()).result(timeout=10).data == b"hello"


def test_decision_may_be_awaited(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """By either door."""
    server = hello(serve, ca.unknown_root_context())

    class Decides:
        async def session_did_receive_challenge(
            self, _session: object, challenge: URLAuthenticationChallenge
        ) -> Answer:
            await asyncio.sleep(0.01)
            return USE, URLCredential.for_trust(challenge.protection_space.server_trust)

    async def awaited() -> bytes:
        async with URLSession(configuration, Decides()) as session:
            data: bytes = (await session.data(server.url())).data
            return data

    assert asyncio.run(awaited()) == b"hello"
    with URLSession(configuration, Decides()) as session:
        assert session.data(server.url()).result(timeout=10).data == b"hello"


def test_plain_connections_are_not_asked_about(serve: Serve) -> None:
    """There is no certificate."""
    server = serve(answering(lambda _request: (200, [], b"hello")))
    delegate = judged(lambda _trust: (CANCEL, None))
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data(server.url()).result(timeout=10)

    assert asked(delegate) == []
    assert server.accepted == 1


# -- the chain, and the connections -----------------------------------------------------------


@pytest.mark.parity(TRUST)
@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_chain_is_as_the_server_sends_it(
    serve: Serve, version: ssl.TLSVersion, is_trusted: bool
) -> None:
    """Its own certificate first, then those that lead to the root."""
    root = trustme.CA()
    middle = root.create_child_ca()
    leaf = middle.issue_cert("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    leaf.configure_cert(context)
    server = hello(serve, context)
    configuration = URLSessionConfiguration.ephemeral()
    if is_trusted:
        configuration.trusted_certificates = root.cert_pem.bytes()
    seen: list[ServerTrust] = []

    def look(trust: ServerTrust) -> Answer:
        seen.append(trust)
        return accept(trust)

    with URLSession(configuration, judged(look)) as session:
        session.data(server.url()).result(timeout=10)

    expected = [_der(blob.bytes()) for blob in leaf.cert_chain_pems]
    assert list(seen[0].chain) == expected
    assert len(expected) == 2
    assert seen[0].is_trusted is is_trusted


def _der(pem: bytes) -> bytes:
    body = pem.partition(b"CERTIFICATE-----")[2].partition(b"-----END")[0]
    return b64decode(body)


def test_connections_are_told_to_the_ledger(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """The one that was looked at too: opened and closed by us."""
    server = hello(serve, ca.unknown_root_context())
    told: list[tuple[str, int]] = []
    with URLSession(configuration, judged(accept)) as session:
        session.add_connection_listener(
            lambda event, connection: told.append((event.value, connection.id))
        )
        session.data(server.url()).result(timeout=10)
        (connection,) = session.connections()

    opened = [one for event, one in told if event == "opened"]
    closed = [one for event, one in told if event == "closed"]
    assert opened[-1] == connection.id
    assert sorted(set(opened)) == sorted(set(closed))


def test_stream_and_redirect_are_guarded_too(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Each origin by itself."""
    other = hello(serve, ca.unknown_root_context())
    server = serve(
        answering(lambda _r: (302, [("Location", other.url("/there"))], b"")),
        tls=ca.other_host_context(),
    )
    delegate = judged(accept)
    with URLSession(configuration, delegate) as session:
        chunks, response = session.bytes(server.url()).result(timeout=10)
        assert b"".join(chunks) == b"hello"

    assert response.status_code == 200
    ports = [one.protection_space.port for one in asked(delegate)]
    assert ports == [server.port, other.port]


@pytest.mark.parity(METHOD)
def test_http2_connection_is_asked_about_once(
    ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Many requests on it, one question."""
    from urlsession.testing.h2_server import H2Handler, H2Stream

    def answer(stream: H2Stream) -> None:
        stream.respond(200, [], b"hello")

    with LoopbackServer(
        H2Handler(answer), tls=ca.server_context(alpn=("h2",))
    ) as server:
        delegate = judged(accept)

        async def run() -> set[bytes]:
            async with URLSession(configuration, delegate) as session:
                first = (await session.data(server.url())).data
                tasks = [session.data(server.url()) for _ in range(10)]
                bodies = {first} | {(await task).data for task in tasks}
                protocols = [one.protocol for one in session.connections()]
                assert protocols == ["h2"]
                return bodies

        assert asyncio.run(run()) == {b"hello"}
        assert len(asked(delegate)) == 1
        assert server.accepted == 1


@pytest.mark.slow
@pytest.mark.needs(modules=("hypercorn", "aioquic"))
@pytest.mark.parametrize("is_trusted", [True, False])
def test_http3_connection_is_asked_about_once(tmp_path: Path, is_trusted: bool) -> None:
    """The handshake is within QUIC, and read all the same."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_protocol = "h3"
    delegate = judged(accept)
    with http3_server(tmp_path) as server:
        if is_trusted:
            configuration.trusted_certificates = server.pem
        url = f"https://localhost:{server.quic_port}/"
        with URLSession(configuration, delegate) as session:
            bodies = {session.data(url).result(timeout=10).data for _ in range(2)}

    assert bodies == {b"3 GET 0"}
    (challenge,) = asked(delegate)
    trust = challenge.protection_space.server_trust
    assert trust is not None
    assert trust.is_trusted is is_trusted
    assert len(trust.chain) >= 1
