"""What a WebSocket meets on its way: proxies that ask, TLS that somebody has to accept.

And the extension that most servers would like to use.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ProxyConfiguration,
    ServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    UsageError,
)
from urlsession.testing import (
    Handler,
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
)

from .bad_certificates import BAD, context_of
from .proxy_servers import microsocks, tinyproxy
from .web_socket_peer import (
    BINARY,
    CLOSE,
    TEXT,
    Frame,
    Peer,
    frame,
    guarded_echo,
    web_socket_handler,
)

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

HANDSHAKE = "3.3:handshake"
ORDER = "17:challenge"
ACCEPTS = "11:URLCredential(trust:)"
BOTH = pytest.mark.needs(programs=("tinyproxy", "microsocks"))
USE = AuthChallengeDisposition.USE_CREDENTIAL
DEFAULT = AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
TASK, SESSION = "task_did_receive_challenge", "session_did_receive_challenge"
OPENED = "web_socket_task_did_open"
ME, YOU = URLCredential("me", "s3cret"), URLCredential("you", "other")
DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def configuration(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's root."""
    made = URLSessionConfiguration.ephemeral()
    made.trusted_certificates = ca.path
    return made


@pytest.fixture(params=["none", "http", "http that asks", "socks"])
def way(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    configuration: URLSessionConfiguration,
) -> Iterator[str]:
    """Run each kind of proxy, and have the configuration use it; its kind."""
    kind: str = request.param
    if kind == "none":
        yield kind
    elif kind == "socks":
        with microsocks() as port:
            proxy = ProxyConfiguration.socksv5("127.0.0.1", port)
            configuration.proxy_configurations = [proxy]
            yield kind
    else:
        login = "me s3cret" if kind == "http that asks" else None
        with tinyproxy(tmp_path, login=login) as port:
            proxy = ProxyConfiguration.http("127.0.0.1", port)
            configuration.proxy_configurations = [proxy]
            yield kind


def url_of(server: LoopbackServer) -> str:
    """Return where to open a WebSocket."""
    return server.url("/").replace("http", "ws", 1)


def accept(_session: object, challenge: Any) -> Any:
    """Trust whoever it is."""
    return USE, URLCredential.for_trust(challenge.protection_space.server_trust)


def log_in(_session: object, _task: object, challenge: Any) -> Any:
    """Be one to the proxy, another to the server."""
    return USE, ME if challenge.protection_space.is_proxy else YOU


def kinds_of(delegate: RecordingDelegate) -> list[str]:
    """Return what a delegate was asked and told, in order."""
    found: list[str] = []
    for call in delegate.calls:
        challenge = call.args[-1] if call.args else None
        if isinstance(challenge, URLAuthenticationChallenge):
            space = challenge.protection_space
            if space.authentication_method is AuthenticationMethod.SERVER_TRUST:
                found.append("trust")
            else:
                found.append("proxy" if space.is_proxy else "server")
        elif call.name == OPENED:
            found.append("open")
    return found


async def echoed(
    configuration: URLSessionConfiguration, delegate: object, url: str
) -> object:
    """Return what comes back of a message."""
    async with URLSession(configuration, delegate) as session:
        task = session.web_socket_task(url)
        task.resume()
        await task.send(b"x" * 100_000)
        return await task.receive()


def failure(
    configuration: URLSessionConfiguration, delegate: object, url: str
) -> URLError:
    """Return what opening fails with, and see that nothing of it is left."""
    with URLSession(configuration, delegate) as session:
        with pytest.raises(URLError) as caught:
            session.web_socket(url).opened().result(10)
        assert session.connections() == []
    return caught.value


# -- who is asked, in order ---------------------------------------------------------------


@BOTH
@pytest.mark.parity(HANDSHAKE, ORDER, ACCEPTS)
def test_proxy_then_certificate_then_server_then_it_opens(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    way: str,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Each once, however often libcurl has to connect for it."""
    server = serve(guarded_echo("you", "other"), tls=ca.unknown_root_context())
    delegate = RecordingDelegate({TASK: log_in, SESSION: accept})
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        message = runner.run(echoed(configuration, delegate, url_of(server)))

    assert message == b"x" * 100_000
    asked = ["proxy"] if way == "http that asks" else []
    assert kinds_of(delegate) == [*asked, "trust", "server", "open"]
    heads = [one for one in server.requests if one.header("Upgrade")]
    assert {one.header("Proxy-Authorization") for one in heads} == {None}


@pytest.mark.parity(HANDSHAKE, ORDER)
def test_task_method_is_asked_where_the_session_has_none(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """As for every other task."""
    server = serve(web_socket_handler(Peer.echo), tls=ca.unknown_root_context())
    delegate = RecordingDelegate({TASK: lambda _s, _t, one: accept(_s, one)})
    message = asyncio.run(echoed(configuration, delegate, url_of(server)))

    assert message == b"x" * 100_000
    assert kinds_of(delegate) == ["trust", "open"]


@pytest.mark.parity(HANDSHAKE)
def test_what_was_accepted_is_sent_from_the_start(
    serve: Serve, configuration: URLSessionConfiguration
) -> None:
    """Once a WebSocket has opened with it, as after a load; it is stored, too."""
    server = serve(guarded_echo("you", "other"))
    delegate = RecordingDelegate({TASK: log_in})
    with URLSession(configuration, delegate) as session:
        for _ in range(3):
            with session.web_socket(url_of(server)) as ws:
                ws.send("hello")
                assert ws.receive().result(10) == "hello"
        storage = configuration.url_credential_storage
        assert storage is not None
        assert [*storage.all_credentials.values()] == [{"you": YOU}]

    assert kinds_of(delegate) == ["server", "open", "open", "open"]
    assert server.request_count == 4


@BOTH
@pytest.mark.parity(HANDSHAKE, ACCEPTS)
@pytest.mark.parametrize("kind", BAD)
def test_refused_certificate_may_be_accepted(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    way: str,
    kind: str,
) -> None:
    """Private or pinned; the second WebSocket asks about its own connection."""
    server = serve(web_socket_handler(Peer.echo), tls=context_of(kind, ca))
    delegate = RecordingDelegate({TASK: log_in, SESSION: accept})
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            with session.web_socket(url_of(server)) as ws:
                ws.send("hello")
                assert ws.receive().result(10) == "hello"

    asked = ["proxy"] if way == "http that asks" else []
    assert kinds_of(delegate) == [*asked, "trust", "open", "trust", "open"]
    spaces = [call.args[0] for call in delegate.named(SESSION)]
    for challenge in spaces:
        assert isinstance(challenge, URLAuthenticationChallenge)
        space = challenge.protection_space
        assert (space.host, space.port) == (server.host, server.port)
        assert challenge.error is not None
        assert challenge.error.code is BAD[kind][1]


class Hearing:
    """A server that notes what it is told through TLS, and answers nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def __call__(self, connection: ServerConnection) -> None:
        self.heard.append(connection.recv())


@BOTH
@pytest.mark.parity(HANDSHAKE, "13:effects of the dispositions")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((CANCEL, None), URLErrorCode.CANCELLED),
        ((DEFAULT, None), BAD["unknown root"][1]),
        ((REJECT, None), BAD["unknown root"][1]),
        ((USE, None), BAD["unknown root"][1]),
        (None, BAD["unknown root"][1]),
    ],
    ids=["cancel", "default", "reject", "use none", "None"],
)
def test_handshake_is_not_sent_to_who_is_refused(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    way: str,
    answer: Any,
    code: URLErrorCode,
) -> None:
    """Not a byte of it: it may carry cookies and passwords."""
    assert way
    server = serve(hearing := Hearing(), tls=ca.unknown_root_context())
    delegate = RecordingDelegate({TASK: log_in, SESSION: lambda *_: answer})
    error = failure(configuration, delegate, url_of(server))

    assert error.code is code
    assert server.wait_all_ended()
    server.stop()  # its handlers are done then
    assert b"".join(hearing.heard) == b""
    assert delegate.count(OPENED) == 0


@pytest.mark.parity(HANDSHAKE, ORDER)
def test_another_host_is_asked_about_after_a_redirect(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Before the handshake is sent there."""
    target = serve(web_socket_handler(Peer.echo), tls=ca.other_host_context())

    def redirect(connection: ServerConnection) -> None:
        if connection.recv_request() is not None:
            connection.send_response(307, [("Location", url_of(target))])

    server = serve(redirect, tls=ca.unknown_root_context())
    asked: list[int] = []

    def judge(_session: object, challenge: Any) -> Any:
        asked.append(challenge.protection_space.port)
        return accept(_session, challenge)

    delegate = RecordingDelegate({SESSION: judge})
    message = asyncio.run(echoed(configuration, delegate, url_of(server)))

    assert message == b"x" * 100_000
    assert asked == [server.port, target.port]


@pytest.mark.parity(HANDSHAKE, "11:URLCredential(identity:certificates:persistence:)")
def test_client_certificate_is_shown_after_the_server_is_accepted(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """Session-wide both, in this order."""
    clients = trustme.CA()
    context = ca.unknown_root_context()
    context.verify_mode = ssl.CERT_REQUIRED
    clients.configure_trust(context)
    leaf = clients.issue_cert("anna")
    identity = URLCredential.for_identity(
        leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes()
    )
    server = serve(web_socket_handler(Peer.echo), tls=context)
    methods: list[AuthenticationMethod] = []

    def decide(_session: object, challenge: Any) -> Any:
        methods.append(challenge.protection_space.authentication_method)
        if challenge.protection_space.server_trust is not None:
            return accept(_session, challenge)
        return USE, identity

    delegate = RecordingDelegate({SESSION: decide})
    message = asyncio.run(echoed(configuration, delegate, url_of(server)))

    assert message == b"x" * 100_000
    assert methods == [
        AuthenticationMethod.SERVER_TRUST,
        AuthenticationMethod.CLIENT_CERTIFICATE,
    ]


# -- proxies that do not let it through ---------------------------------------------------


def _nonsense(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(b"220 mail.example ESMTP\r\n")


def _refusing(connection: ServerConnection) -> None:
    connection.recv_head()
    connection.send_response(403, [("Connection", "close")])


def _upgrading(connection: ServerConnection) -> None:
    """Answer CONNECT as if it were the handshake."""
    connection.recv_head()
    connection.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\n\r\n"
    )
    connection.hold()


def _silent(connection: ServerConnection) -> None:
    connection.hold()


@pytest.mark.parity(HANDSHAKE)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize(
    ("make", "handler", "codes"),
    [
        (ProxyConfiguration.http, _nonsense, {-1004, -1005, -1011, -1017}),
        (ProxyConfiguration.http, _refusing, {-1004}),
        (ProxyConfiguration.http, _upgrading, {-1001, -1004, -1005, -1011}),
        (ProxyConfiguration.http, _silent, {-1001}),
        (ProxyConfiguration.socksv5, _nonsense, {-1004}),
        (ProxyConfiguration.socksv5, _silent, {-1001}),
    ],
    ids=[
        "nonsense",
        "refusing",
        "upgrading",
        "silent",
        "socks nonsense",
        "socks silent",
    ],
)
def test_broken_proxy_opens_nothing(
    serve: Serve, make: Any, handler: Handler, codes: set[int], scheme: str
) -> None:
    """A clear error, and no way past it."""
    proxy = serve(handler)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.proxy_configurations = [make("127.0.0.1", proxy.port)]
    configuration.timeout_interval_for_request = 0.3
    delegate = RecordingDelegate()
    error = failure(configuration, delegate, f"{scheme}://no-such.invalid/")

    assert error.code in codes
    assert delegate.count(OPENED) == 0


@BOTH
@pytest.mark.parity(HANDSHAKE)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("answer", [None, (CANCEL, None)])
def test_proxy_that_gets_no_password_opens_nothing(
    serve: Serve,
    ca: CertificateAuthority,
    configuration: URLSessionConfiguration,
    tmp_path: Path,
    scheme: str,
    answer: Any,
) -> None:
    """-1013, or -999; the server hears nothing."""
    context = ca.server_context() if scheme == "wss" else False
    server = serve(web_socket_handler(Peer.echo), tls=context)
    with tinyproxy(tmp_path, login="me s3cret") as port:
        proxy = ProxyConfiguration.http("127.0.0.1", port)
        configuration.proxy_configurations = [proxy]
        delegate = RecordingDelegate({TASK: answer})
        error = failure(configuration, delegate, url_of(server))

    expected = URLErrorCode.CANCELLED
    if answer is None:
        expected = URLErrorCode.USER_AUTHENTICATION_REQUIRED
    assert error.code is expected
    assert server.accepted == 0


# -- an extension that is not offered --------------------------------------------------


def deflated(data: bytes) -> bytes:
    """Return a message as permessage-deflate has it (RFC 7692, section 7.2.1)."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
    return packed.removesuffix(b"\0\0\xff\xff")


@pytest.mark.parity(HANDSHAKE)
def test_compression_is_not_offered(serve: Serve) -> None:
    """Nothing in the handshake asks for an extension."""
    server = serve(web_socket_handler(Peer.echo))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        ws.send("x")
        assert ws.receive().result(10) == "x"

    (request,) = server.requests
    assert request.header("Sec-WebSocket-Extensions") is None


@pytest.mark.parity(HANDSHAKE)
@pytest.mark.parametrize(
    "value",
    [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
        "x-webkit-deflate-frame",
        "bbf-usp-protocol",
    ],
)
def test_server_that_answers_with_an_extension_is_refused(
    serve: Serve, value: str
) -> None:
    """It must not (RFC 6455, section 4.1): what it then sends could not be read."""
    got: list[Frame] = []

    def insist(peer: Peer) -> None:
        peer.accept(
            [("Sec-WebSocket-Extensions", value)],
            after=frame(TEXT, deflated(b"hello"), reserved=4),
        )
        got.extend(peer.recv_until_close())

    server = serve(web_socket_handler(insist, accepts=False))
    delegate = RecordingDelegate()
    error = failure(URLSessionConfiguration.ephemeral(), delegate, url_of(server))

    assert error.code is URLErrorCode.BAD_SERVER_RESPONSE
    assert "extension" in str(error)
    assert delegate.count(OPENED) == 0
    assert server.wait_all_ended()
    server.stop()
    assert got == []


@pytest.mark.parity(HANDSHAKE)
@pytest.mark.parametrize("status", [400, 426])
def test_server_that_wants_compression_gets_none(serve: Serve, status: int) -> None:
    """It may refuse the handshake; nothing is tried again."""

    def insist(connection: ServerConnection) -> None:
        if connection.recv_request() is not None:
            connection.send_response(status, [DEFLATE], b"compress!")

    server = serve(insist)
    error = failure(
        URLSessionConfiguration.ephemeral(), RecordingDelegate(), url_of(server)
    )

    assert error.code is URLErrorCode.BAD_SERVER_RESPONSE
    assert str(status) in str(error)
    assert server.request_count == 1


@pytest.mark.parity(HANDSHAKE)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_compressed_message_that_was_not_agreed_on_is_an_error(
    serve: Serve, opcode: int
) -> None:
    """1002 to the server (RFC 6455, section 5.2), and the task fails."""
    got: list[Frame] = []

    def compress(peer: Peer) -> None:
        peer.connection.send(frame(opcode, deflated(b"hello"), reserved=4))
        got.extend(peer.recv_until_close())

    server = serve(web_socket_handler(compress))
    with URLSession() as session:
        task = session.web_socket_task(url_of(server))
        task.resume()
        with pytest.raises(URLError) as caught:
            task.receive().result(10)
        with pytest.raises(URLError):
            task.result(10)

    assert caught.value.code is URLErrorCode.BAD_SERVER_RESPONSE
    assert server.wait_all_ended()
    server.stop()  # its handlers are done then
    (close,) = got
    assert (close.opcode, close.close_code) == (CLOSE, 1002)


@pytest.mark.parity(HANDSHAKE)
def test_extension_of_the_callers_own_is_refused() -> None:
    """At the call: a server that took it up could not be understood."""
    request = URLRequest("ws://host.example/", headers=dict([DEFLATE]))
    with URLSession() as session, pytest.raises(UsageError, match="extension"):
        session.web_socket_task(request)


def test_judge_sees_the_chain(
    serve: Serve, ca: CertificateAuthority, configuration: URLSessionConfiguration
) -> None:
    """So that it can be pinned."""
    server = serve(web_socket_handler(Peer.echo), tls=ca.unknown_root_context())
    seen: list[ServerTrust] = []

    def judge(_session: object, challenge: Any) -> Any:
        seen.append(challenge.protection_space.server_trust)
        return accept(_session, challenge)

    delegate = RecordingDelegate({SESSION: judge})
    asyncio.run(echoed(configuration, delegate, url_of(server)))
    pem = ssl.get_server_certificate((server.host, server.port))

    assert [one.certificate for one in seen] == [ssl.PEM_cert_to_DER_cert(pem)]
