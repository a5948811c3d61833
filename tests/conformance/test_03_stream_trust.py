"""Section 3.4: who has the last word on the peer of a stream's TLS.

Every server notes what it is told through TLS, so that it shows when nothing was.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ResponseDisposition,
    ServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionStreamTask,
)
from urlsession.testing import RecordingDelegate, ServerConnection, wait_until
from urlsession.tls import TLSProtocolVersion

from .bad_certificates import BAD, context_of

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

SECURE = "3.4:startSecureConnection()"
ACCEPTS = "11:URLCredential(trust:)"
CHALLENGE = "task_did_receive_challenge"
USE = AuthChallengeDisposition.USE_CREDENTIAL
DEFAULT = AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
Judge = Callable[[ServerTrust], Any]


def accept(trust: ServerTrust) -> Any:
    """Trust whoever it is."""
    return USE, URLCredential.for_trust(trust)


def judged(judge: Judge) -> RecordingDelegate:
    """Return a delegate that judges what a stream's peer shows."""

    def decide(_session: object, _task: object, challenge: object) -> Any:
        assert isinstance(challenge, URLAuthenticationChallenge)
        trust = challenge.protection_space.server_trust
        assert trust is not None
        return judge(trust)

    return RecordingDelegate({CHALLENGE: decide})


def challenge_of(delegate: RecordingDelegate) -> URLAuthenticationChallenge:
    """Return the only challenge that a delegate has seen."""
    (call,) = delegate.named(CHALLENGE)
    challenge = call.args[1]
    assert isinstance(challenge, URLAuthenticationChallenge)
    return challenge


class Upgrading:
    """Starts TLS when it is asked to, then answers in capitals.

    Attributes:
        heard: All that came through TLS.
        is_shaken: Set once the handshake is done on the server's side.
        has_ended: Set once the connection is over.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.heard = b""
        self.is_shaken = threading.Event()
        self.has_ended = threading.Event()

    def __call__(self, connection: ServerConnection) -> None:
        try:
            assert connection.recv() == b"STARTTLS\r\n"
            connection.send(b"220 go\r\n")
            if not connection.start_tls(self.context):
                return
            self.is_shaken.set()
            while data := connection.recv():
                self.heard += data
                connection.send(data.upper())
        finally:
            self.has_ended.set()


@pytest.fixture
def configuration(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.path
    return made


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def version(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    """Return each version of TLS."""
    return ssl.TLSVersion[request.param]


def securing(session: URLSession, port: int, host: str = "localhost") -> Any:
    """Return a stream of which TLS, and a word through it, was asked before all."""
    task = session.stream_task(host, port)
    task.write(b"STARTTLS\r\n")
    task.read(8, 8)
    secured = task.start_secure_connection()
    task.write(b"secret")
    task.resume()
    return task, secured


def failure(waits: Any) -> URLError:
    """Return what an operation fails with."""
    with pytest.raises(URLError) as caught:
        waits.result(10)
    return caught.value


# -- accepted ----------------------------------------------------------------------------


@pytest.mark.parity(SECURE, ACCEPTS)
@pytest.mark.parametrize("kind", ["good", *BAD])
def test_delegate_accepts_what_the_system_refuses(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    version: ssl.TLSVersion,
    kind: str,
) -> None:
    """A private or a pinned certificate; it is told what the system says."""
    context = context_of(kind, ca)
    context.minimum_version = context.maximum_version = version
    server = serve(peer := Upgrading(context))
    delegate = judged(accept)
    with URLSession(configuration, delegate) as session:
        task, secured = securing(session, server.port)
        secured.result(10)
        assert task.read(6, 6).result(10) == (b"SECRET", False)
        (connection,) = session.connections()
        assert connection.is_secure

    challenge = challenge_of(delegate)
    space = challenge.protection_space
    assert (space.host, space.port) == ("localhost", server.port)
    assert space.authentication_method is AuthenticationMethod.SERVER_TRUST
    trust = space.server_trust
    assert trust is not None
    assert trust.verify_result == BAD.get(kind, (0,))[0]
    assert (challenge.error is None) == (kind == "good")
    assert challenge.error is None or challenge.error.code is BAD[kind][1]
    assert peer.heard == b"secret"


@pytest.mark.parity(SECURE)
def test_certificate_is_pinned_by_its_bytes(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """What the delegate sees is what the server has."""
    private = ca.unknown_root_context()
    pinned = serve(lambda connection: connection.hold(), tls=private)
    pem = ssl.get_server_certificate((pinned.host, pinned.port))
    pin = ssl.PEM_cert_to_DER_cert(pem)

    def only(trust: ServerTrust) -> Any:
        is_it = trust.certificate == pin
        return (USE, URLCredential.for_trust(trust)) if is_it else (CANCEL, None)

    codes: list[URLErrorCode | None] = []
    for context in (private, ca.server_context()):
        server = serve(Upgrading(context))
        with URLSession(configuration, judged(only)) as session:
            _task, secured = securing(session, server.port)
            try:
                secured.result(10)
                codes.append(None)
            except URLError as error:
                codes.append(error.code)

    assert codes == [None, URLErrorCode.CANCELLED]


@pytest.mark.parity(SECURE)
def test_stream_is_secured_where_asyncio_runs(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """The delegate may await, too; by either kind of loop."""
    server = serve(peer := Upgrading(ca.unknown_root_context()))

    class Delegate:
        async def task_did_receive_challenge(
            self, _session: object, _task: object, challenge: URLAuthenticationChallenge
        ) -> Any:
            await asyncio.sleep(0)
            assert await asyncio.to_thread(peer.is_shaken.wait, 5)
            return accept(challenge.protection_space.server_trust)  # type: ignore[arg-type]  # it has one

    async def talk() -> tuple[bytes, bool]:
        async with URLSession(configuration, Delegate()) as session:
            task, secured = securing(session, server.port)
            await secured
            data: tuple[bytes, bool] = await task.read(6, 6)
            return data

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(talk()) == (b"SECRET", False)


@pytest.mark.parity(SECURE)
def test_verdict_does_not_depend_on_the_versions_a_session_speaks(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """TLS 1.3 alone is as good."""
    configuration.tls_minimum_supported_protocol_version = TLSProtocolVersion.TLSV13
    server = serve(Upgrading(ca.server_context()))
    delegate = judged(accept)
    with URLSession(configuration, delegate) as session:
        _task, secured = securing(session, server.port)
        secured.result(10)

    trust = challenge_of(delegate).protection_space.server_trust
    assert trust is not None
    assert trust.is_trusted


# -- refused -----------------------------------------------------------------------------


@pytest.mark.parity(SECURE, "13:effects of the dispositions")
@pytest.mark.parametrize("kind", ["good", *BAD])
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
def test_anything_else_is_left_to_the_system(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
    answer: Any,
) -> None:
    """Refused by it, the task ends; nothing was said through TLS."""
    server = serve(peer := Upgrading(context_of(kind, ca)))
    with URLSession(configuration, judged(lambda _trust: answer)) as session:
        task, secured = securing(session, server.port)
        if kind == "good":
            secured.result(10)
            assert task.read(6, 6).result(10) == (b"SECRET", False)
            return
        errors = [failure(one) for one in (secured, task, task.read())]
        assert {one.code for one in errors} == {BAD[kind][1]}
        assert session.connections() == []
    assert peer.has_ended.wait(5)
    assert peer.heard == b""


@pytest.mark.parity(SECURE)
@pytest.mark.parametrize("kind", ["good", "unknown root"])
def test_cancelled_challenge_cancels_the_task(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
) -> None:
    """With -999, before anything was said through TLS."""
    server = serve(peer := Upgrading(context_of(kind, ca)))
    with URLSession(configuration, judged(lambda _trust: (CANCEL, None))) as session:
        task, secured = securing(session, server.port)
        assert {failure(one).code for one in (secured, task)} == {
            URLErrorCode.CANCELLED
        }
    assert peer.has_ended.wait(5)
    assert peer.heard == b""


@pytest.mark.parity(SECURE)
@pytest.mark.parametrize("kind", ["good", "unknown root"])
def test_trust_in_another_certificate_is_none_in_this(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    kind: str,
) -> None:
    """Although the system may trust it: the delegate has named what it accepts."""
    server = serve(peer := Upgrading(context_of(kind, ca)))
    other = ServerTrust("localhost", [b"another certificate"])
    answer = USE, URLCredential.for_trust(other)
    with URLSession(configuration, judged(lambda _trust: answer)) as session:
        _task, secured = securing(session, server.port)
        code = failure(secured).code

    assert code is BAD.get(kind, BAD["other host"])[1]
    assert peer.has_ended.wait(5)
    assert peer.heard == b""


@pytest.mark.parity(SECURE)
def test_nothing_is_said_before_the_answer(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """However long it takes, and whatever is asked for meanwhile."""
    server = serve(peer := Upgrading(ca.unknown_root_context()))
    answer: Future[Any] = Future()
    asked: list[ServerTrust] = []

    def wait(trust: ServerTrust) -> Any:
        asked.append(trust)
        return answer.result(10)

    with URLSession(configuration, judged(wait)) as session:
        task, secured = securing(session, server.port)
        assert wait_until(lambda: bool(asked))
        assert peer.is_shaken.wait(5)
        (connection,) = session.connections()
        sent = connection.bytes_sent
        more = task.write(b" more")
        with pytest.raises(TimeoutError):
            more.result(0.1)
        assert (connection.bytes_sent, peer.heard) == (sent, b"")
        answer.set_result(accept(asked[0]))
        secured.result(10)
        assert task.read(11, 11).result(10) == (b"SECRET MORE", False)


@pytest.mark.parity(SECURE)
def test_task_that_is_cancelled_while_it_asks_is_over(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """The answer comes too late, and changes nothing."""
    server = serve(peer := Upgrading(ca.unknown_root_context()))
    is_asked, go = threading.Event(), threading.Event()

    def wait(trust: ServerTrust) -> Any:
        is_asked.set()
        assert go.wait(10)
        return accept(trust)

    with URLSession(configuration, judged(wait)) as session:
        task, secured = securing(session, server.port)
        assert is_asked.wait(10)
        task.cancel()
        go.set()
        assert {failure(one).code for one in (secured, task)} == {
            URLErrorCode.CANCELLED
        }
        assert wait_until(lambda: session.connections() == [])
    assert peer.has_ended.wait(5)
    assert peer.heard == b""


# -- what cannot be judged ------------------------------------------------------------


@pytest.mark.parity(SECURE)
@pytest.mark.parametrize("asks", [False, True])
def test_roots_that_cannot_be_read_end_the_task(
    serve: Serve, ca: CertificateAuthority, tmp_path: Path, asks: bool
) -> None:
    """-1200, with or without a delegate: nobody can say what the system trusts."""
    server = serve(peer := Upgrading(ca.server_context()))
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = tmp_path / "none.pem"
    with URLSession(configuration, judged(accept) if asks else None) as session:
        _task, secured = securing(session, server.port)
        error = failure(secured)

    assert error.code is URLErrorCode.SECURE_CONNECTION_FAILED
    assert isinstance(error.underlying, FileNotFoundError)
    assert peer.has_ended.wait(5)
    assert peer.heard == b""


@pytest.mark.parity(SECURE)
def test_stream_that_a_data_task_became_is_judged_too(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """TLS after an upgrade, with the host and port of the request."""

    def switch(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            b"Upgrade: TLS/1.3\r\n\r\n"
        )
        if connection.start_tls(ca.unknown_root_context()):
            connection.send(connection.recv().upper())

    server = serve(switch)
    streams: list[URLSessionStreamTask] = []
    delegate = RecordingDelegate(
        {
            CHALLENGE: lambda _s, _t, one: accept(one.protection_space.server_trust),
            "data_task_did_receive_response": ResponseDisposition.BECOME_STREAM,
            "data_task_did_become_stream_task": lambda _s, _t, one: streams.append(one),
        }
    )
    headers = {"Connection": "Upgrade", "Upgrade": "TLS/1.3"}
    with URLSession(configuration, delegate) as session:
        session.data_task(URLRequest(server.url("/"), headers=headers)).resume()
        assert wait_until(lambda: bool(streams))
        streams[0].start_secure_connection()
        streams[0].write(b"abc")
        assert streams[0].read(3, 3).result(10)[0] == b"ABC"

    space = challenge_of(delegate).protection_space
    assert (space.host, space.port) == (server.host, server.port)
