"""Section 3.4: stream tasks through proxies.

Real proxies (tinyproxy, microsocks) where one is needed that works; a script where one
is needed that does not, or that asks in a way that these do not have.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    AuthenticationMethod,
    ProxyConfiguration,
    URLAuthenticationChallenge,
    URLCredential,
    URLError,
    URLErrorCode,
    URLProtectionSpace,
    URLSession,
    URLSessionConfiguration,
    URLSessionStreamTask,
)
from urlsession.testing import (
    Handler,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    wait_until,
)

from .auth_server import DigestServer, basic_value
from .proxy_servers import free_port, microsocks, tinyproxy

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority
    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

STREAM = "1:streamTask(withHostName:port:)"
CONFIGURATIONS = "2:proxyConfigurations"
METHOD = "4:URLSession:task:didReceiveChallenge:"
HTTP = pytest.mark.needs(programs=("tinyproxy",))
SOCKS = pytest.mark.needs(programs=("microsocks",))
BOTH = pytest.mark.needs(programs=("tinyproxy", "microsocks"))
CHALLENGE = "task_did_receive_challenge"
USE = AuthChallengeDisposition.USE_CREDENTIAL
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
LOGIN = ("me", "s3cret")
ME = URLCredential(*LOGIN)
HELLO = b"220 hello\r\n"
TALK = HELLO + b"ABC"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(params=["http", "http_connect", "socks5", "socks5h"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Run each kind of proxy; how it is named."""
    if request.param.startswith("http"):
        make = getattr(ProxyConfiguration, request.param)
        with tinyproxy(tmp_path) as port:
            yield make("127.0.0.1", port)
    else:
        with microsocks() as port:
            yield ProxyConfiguration.socksv5(
                "127.0.0.1", port, resolves_names=request.param == "socks5h"
            )


@pytest.fixture
def asking_proxy(tmp_path: Path) -> Iterator[int]:
    """Run an HTTP proxy that wants a password; its port."""
    with tinyproxy(tmp_path, login=" ".join(LOGIN)) as port:
        yield port


def configured(*proxies: ProxyConfiguration) -> URLSessionConfiguration:
    """Return a configuration with proxies."""
    made = URLSessionConfiguration.ephemeral()
    made.proxy_configurations = proxies
    return made


def shouting(connection: ServerConnection) -> None:
    """Greet, answer in capitals until the peer has closed, then say so."""
    connection.send(HELLO)
    while data := connection.recv():
        connection.send(data.upper())
    connection.send(b"bye")


def opened(session: URLSession, host: str, port: int) -> URLSessionStreamTask:
    """Return a stream that was resumed."""
    task = session.stream_task(host, port)
    task.resume()
    return task


def talk(session: URLSession, host: str, port: int) -> bytes:
    """Return what a conversation gave."""
    task = opened(session, host, port)
    data = task.read(len(HELLO), len(HELLO)).result(10)[0]
    task.write(b"abc")
    data += task.read(3, 3).result(10)[0]
    task.cancel()
    return data


def failure(
    configuration: URLSessionConfiguration,
    delegate: object | None = None,
    host: str = "no-such.invalid",
) -> URLError:
    """Return what a stream fails with, and see that nothing of it is left."""
    with URLSession(configuration, delegate) as session:
        task = opened(session, host, 80)
        waits = task.read()
        with pytest.raises(URLError) as caught:
            waits.result(10)
        with pytest.raises(URLError):
            task.result(10)
        assert session.connections() == []
    return caught.value


# -- proxies that work ------------------------------------------------------------------


@BOTH
@pytest.mark.parity(STREAM, CONFIGURATIONS)
def test_stream_goes_through_a_proxy(serve: Serve, proxy: Any) -> None:
    """The ledger names the proxy, and the host that was asked for."""
    server = serve(shouting)
    with URLSession(configured(proxy)) as session:
        task = opened(session, "127.0.0.1", server.port)
        assert task.read(len(HELLO), len(HELLO)).result(10) == (HELLO, False)
        (connection,) = session.connections()
        assert connection.remote == ("127.0.0.1", proxy.port)
        assert (connection.host, connection.proxy) == ("127.0.0.1", proxy.url)
        task.write(b"abc")
        assert task.read(3, 3).result(10) == (b"ABC", False)
        task.cancel()
        assert wait_until(lambda: session.connections() == [])


@pytest.mark.parity(STREAM, "3.4:closeWrite() / closeRead()")
def test_half_close_goes_through_a_tunnel(serve: Serve) -> None:
    """If the proxy passes it on: tinyproxy and microsocks close both ways."""
    proxy = serve(tunnelling(lambda _request: (200, [], b"")))
    named = ProxyConfiguration.http(proxy.host, proxy.port)
    with URLSession(configured(named)) as session:
        task = opened(session, "there.example", 25)
        task.write(b"abc")
        task.close_write()
        assert task.read(100, 100).result(10) == (TALK + b"bye", True)
        task.result(10)


@BOTH
@pytest.mark.parity(STREAM)
def test_megabytes_go_through_a_proxy(
    serve: Serve, proxy: Any, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Both ways at once, where asyncio runs."""
    server = serve(shouting)
    size = 1024 * 1024

    async def run() -> bytes:
        async with URLSession(configured(proxy)) as session:
            task = opened(session, "127.0.0.1", server.port)
            await task.read(len(HELLO), len(HELLO))
            task.write(b"x" * size)
            data, _ = await task.read(size, size)
            task.cancel()
            return data

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(run()) == b"X" * size


@BOTH
@pytest.mark.parity(STREAM, "3.4:startSecureConnection()")
@pytest.mark.parametrize("accepts", [True, False])
def test_tls_goes_through_a_proxy(
    serve: Serve, proxy: Any, ca: CertificateAuthority, accepts: bool
) -> None:
    """A private certificate is the delegate's to accept, there as elsewhere."""
    heard: list[bytes] = []

    def handler(connection: ServerConnection) -> None:
        if connection.start_tls(ca.unknown_root_context()):
            heard.append(connection.recv())
            connection.send(heard[0].upper())

    def judge(_session: object, _task: object, challenge: Any) -> Any:
        trust = challenge.protection_space.server_trust
        return (USE, URLCredential.for_trust(trust)) if accepts else None

    server = serve(handler)
    with URLSession(configured(proxy), RecordingDelegate({CHALLENGE: judge})) as one:
        task = opened(one, "127.0.0.1", server.port)
        secured = task.start_secure_connection()
        task.write(b"abc")
        if accepts:
            secured.result(10)
            assert task.read(3, 3).result(10)[0] == b"ABC"
        else:
            with pytest.raises(URLError) as caught:
                secured.result(10)
            code = caught.value.code
            assert code is URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT

    assert wait_until(lambda: bool(heard))
    assert heard == [b"abc" if accepts else b""]


@SOCKS
@pytest.mark.parity(STREAM, "2:connectionProxyDictionary")
def test_proxy_of_a_dictionary(serve: Serve) -> None:
    """CFNetwork's keys for SOCKS."""
    server = serve(shouting)
    with microsocks() as port:
        configuration = URLSessionConfiguration.ephemeral()
        configuration.connection_proxy_dictionary = {
            "SOCKSEnable": 1,
            "SOCKSProxy": "127.0.0.1",
            "SOCKSPort": port,
        }
        with URLSession(configuration) as session:
            task = opened(session, "127.0.0.1", server.port)
            assert task.read(len(HELLO), len(HELLO)).result(10) == (HELLO, False)
            (connection,) = session.connections()
            assert connection.remote == ("127.0.0.1", port)
            task.cancel()


def test_greeting_that_comes_with_the_proxys_answer_is_not_lost(serve: Serve) -> None:
    """The proxy may put both in one packet."""

    def handler(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n" + HELLO)
        connection.hold()

    port = serve(handler).port
    with URLSession(configured(ProxyConfiguration.http("127.0.0.1", port))) as session:
        task = opened(session, "host.example", 25)
        assert task.read(len(HELLO), len(HELLO)).result(10) == (HELLO, False)


@HTTP
@pytest.mark.parity(STREAM)
def test_stream_goes_through_a_proxy_of_the_environment(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That for http."""
    server = serve(shouting)
    with tinyproxy(tmp_path) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        with URLSession(URLSessionConfiguration.ephemeral()) as session:
            task = opened(session, "127.0.0.1", server.port)
            assert task.read(len(HELLO), len(HELLO)).result(10)[0] == HELLO
            (connection,) = session.connections()
            assert connection.remote == ("127.0.0.1", port)
            task.cancel()


# -- credentials -----------------------------------------------------------------------


@BOTH
@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize("kind", ["http", "socks"])
def test_proxy_gets_the_credentials_of_its_configuration(
    serve: Serve, tmp_path: Path, kind: str
) -> None:
    """Wrong ones are refused by the proxy; then the stream fails."""
    server = serve(shouting)
    if kind == "http":
        running = tinyproxy(tmp_path, login=" ".join(LOGIN))
        make: Any = ProxyConfiguration.http
    else:
        running = microsocks(login=LOGIN)
        make = ProxyConfiguration.socksv5
    with running as port:
        proxy = make("127.0.0.1", port)
        with URLSession(configured(proxy.applying_credential(*LOGIN))) as session:
            assert talk(session, "127.0.0.1", server.port) == TALK
        wrong = configured(proxy.applying_credential("me", "wrong"))
        code = failure(wrong).code
    assert code is URLErrorCode.CANNOT_CONNECT_TO_HOST  # tinyproxy says 401


def challenged(*answers: Any) -> RecordingDelegate:
    """Return a delegate that gives these answers to 407, the last for ever."""
    left = list(answers)
    return RecordingDelegate(
        {CHALLENGE: lambda *_: left.pop(0) if len(left) > 1 else left[0]}
    )


def challenges(delegate: RecordingDelegate) -> list[URLAuthenticationChallenge]:
    """Return what a delegate was asked."""
    found = [call.args[1] for call in delegate.named(CHALLENGE)]
    return [one for one in found if isinstance(one, URLAuthenticationChallenge)]


@HTTP
@pytest.mark.parity(STREAM, METHOD)
def test_proxy_that_asks_is_answered_by_the_delegate(
    serve: Serve, asking_proxy: int
) -> None:
    """By its own protection space; from the start afterwards, and by loads too."""
    server = serve(shouting)
    delegate = challenged((USE, ME))
    configuration = configured(ProxyConfiguration.http("127.0.0.1", asking_proxy))
    with URLSession(configuration, delegate) as session:
        for _ in range(3):
            assert talk(session, "127.0.0.1", server.port) == TALK

    (challenge,) = challenges(delegate)
    space = challenge.protection_space
    assert (space.is_proxy, space.proxy_type) == (True, "http")
    assert (space.host, space.port) == ("127.0.0.1", asking_proxy)
    assert space.authentication_method is AuthenticationMethod.HTTP_BASIC
    assert challenge.failure_response is not None
    assert challenge.failure_response.status_code == 407
    assert server.accepted == 3


def tunnelling(answer: Callable[[ReceivedRequest], Answer]) -> Handler:
    """Return a proxy that lets through what gets a 200; it is the host, too."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_head():
            assert request.method == "CONNECT"
            status, headers, body = answer(request)
            if status == 200:
                connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                shouting(connection)
                return
            connection.send_response(status, headers, body)

    return handle


def basic_proxy(request: ReceivedRequest) -> Answer:
    """Let one user through."""
    if request.header("Proxy-Authorization") == basic_value(*LOGIN):
        return 200, [], b""
    return 407, [("Proxy-Authenticate", 'Basic realm="r"')], b"no"


@pytest.mark.parity(STREAM, METHOD)
@pytest.mark.parametrize("kind", ["Basic", "Digest"])
def test_refusals_are_counted(serve: Serve, kind: str) -> None:
    """As with requests; Digest covers the place that the tunnel leads to."""
    digest = DigestServer("SHA-256", is_proxy=True)
    targets: set[str] = set()

    def answer(request: ReceivedRequest) -> Answer:
        targets.add(request.target)
        return basic_proxy(request) if kind == "Basic" else digest(request)

    proxy = serve(tunnelling(answer))
    configuration = configured(ProxyConfiguration.http_connect(proxy.host, proxy.port))
    delegate = challenged((USE, URLCredential("me", "no")), (USE, ME))
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            assert talk(session, "there.example", 25) == TALK

    asked = challenges(delegate)
    assert [one.previous_failure_count for one in asked] == [0, 1]
    assert asked[1].proposed_credential is None
    assert targets == {"there.example:25"}


@HTTP
@pytest.mark.parity(
    "8:userCancelledAuthentication / userAuthenticationRequired (-1012, -1013)"
)
@pytest.mark.parametrize("answer", [None, (USE, None), (REJECT, None), "no delegate"])
def test_unanswered_proxy_ends_the_stream(asking_proxy: int, answer: Any) -> None:
    """-1013."""
    delegate = None if answer == "no delegate" else challenged(answer)
    configuration = configured(ProxyConfiguration.http("127.0.0.1", asking_proxy))

    code = failure(configuration, delegate).code
    assert code is URLErrorCode.USER_AUTHENTICATION_REQUIRED


@HTTP
@pytest.mark.parity(STREAM)
def test_cancelled_challenge_cancels_the_stream(asking_proxy: int) -> None:
    """With -999."""
    configuration = configured(ProxyConfiguration.http("127.0.0.1", asking_proxy))
    error = failure(configuration, challenged((CANCEL, None)))

    assert error.code is URLErrorCode.CANCELLED


@pytest.mark.parity(STREAM)
def test_stored_password_answers_without_a_delegate(serve: Serve) -> None:
    """By default."""
    proxy = serve(tunnelling(basic_proxy))
    configuration = configured(ProxyConfiguration.http(proxy.host, proxy.port))
    storage = configuration.url_credential_storage
    assert storage is not None
    space = URLProtectionSpace.proxy(
        proxy.host, proxy.port, "http", "r", AuthenticationMethod.HTTP_BASIC
    )
    storage.set(ME, space)
    with URLSession(configuration) as session:
        assert talk(session, "there.example", 25) == TALK


@pytest.mark.parity(METHOD)
def test_proxy_of_the_environment_is_answered(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its address."""
    proxy = serve(tunnelling(basic_proxy))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    delegate = challenged((USE, ME))
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        for _ in range(2):
            assert talk(session, "there.example", 25) == TALK

    (challenge,) = challenges(delegate)
    assert challenge.protection_space.is_proxy
    assert challenge.protection_space.port == proxy.port


@pytest.mark.parity(STREAM)
@pytest.mark.parametrize("end", ["cancel", "invalidate", "drop"])
def test_stream_that_ends_while_its_proxy_asks(serve: Serve, end: str) -> None:
    """The answer comes too late; no further connection is made."""
    proxy = serve(tunnelling(basic_proxy))
    is_asked, go = threading.Event(), threading.Event()

    def wait(*_arguments: object) -> Any:
        is_asked.set()
        assert go.wait(10)
        return USE, ME

    configuration = configured(ProxyConfiguration.http(proxy.host, proxy.port))
    delegate = RecordingDelegate({CHALLENGE: wait})
    with URLSession(configuration, delegate) as session:
        task: URLSessionStreamTask | None = opened(session, "there.example", 25)
        assert task is not None
        waits = task.read()
        assert is_asked.wait(10)
        connections = proxy.accepted
        if end == "cancel":
            task.cancel()
        elif end == "invalidate":
            session.invalidate_and_cancel()
        else:
            waits = task.read()
            task = None
            session.invalidate_and_cancel()
        go.set()
        with pytest.raises(URLError) as caught:
            waits.result(10)
        assert caught.value.code is URLErrorCode.CANCELLED
        delegate.wait_for("task_did_complete")

    assert proxy.accepted == connections


@pytest.mark.parity(STREAM)
def test_suspended_stream_goes_on_after_its_answer_when_resumed(serve: Serve) -> None:
    """Nothing moves meanwhile."""
    proxy = serve(tunnelling(basic_proxy))
    configuration = configured(ProxyConfiguration.http(proxy.host, proxy.port))
    tasks: list[URLSessionStreamTask] = []

    def decide(_session: object, task: URLSessionStreamTask, _challenge: object) -> Any:
        task.suspend()
        tasks.append(task)
        return USE, ME

    delegate = RecordingDelegate({CHALLENGE: decide})
    with URLSession(configuration, delegate) as session:
        task = opened(session, "there.example", 25)
        read = task.read(len(HELLO), len(HELLO))
        assert wait_until(lambda: bool(tasks))
        with pytest.raises(TimeoutError):
            read.result(0.2)
        task.resume()
        assert read.result(10) == (HELLO, False)


# -- proxies that do not work --------------------------------------------------------------


def _nonsense(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(b"220 mail.example ESMTP\r\n")


def _endless(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(b"HTTP/1.1 200 OK\r\n")
    field = b"X: " + b"x" * 60_000 + b"\r\n"
    try:
        for _ in range(100):
            connection.send(field)
    except OSError:
        return


def _closing(connection: ServerConnection) -> None:
    connection.recv()


def _refusing(connection: ServerConnection) -> None:
    connection.recv_head()
    connection.send_response(403, [("Connection", "close")])


def _unreachable(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(b"\x05\x00")
    connection.recv()
    connection.send(b"\x05\x04\x00\x01\0\0\0\0\0\0")  # host unreachable, RFC 1928


def _silent(connection: ServerConnection) -> None:
    connection.hold()


@pytest.mark.parity(STREAM, CONFIGURATIONS)
@pytest.mark.parametrize(
    ("make", "handler", "codes"),
    [
        (ProxyConfiguration.http_connect, _nonsense, {-1004, -1011, -1017, -1005}),
        (ProxyConfiguration.http_connect, _endless, {-1004, -1005, -1011, -1017}),
        (ProxyConfiguration.http_connect, _closing, {-1004, -1005, -1011}),
        (ProxyConfiguration.http_connect, _refusing, {-1004}),
        (ProxyConfiguration.http_connect, _silent, {-1001}),
        (ProxyConfiguration.socksv5, _nonsense, {-1004}),
        (ProxyConfiguration.socksv5, _closing, {-1004}),
        (ProxyConfiguration.socksv5, _unreachable, {-1004}),
        (ProxyConfiguration.socksv5, _silent, {-1001}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_broken_proxy_ends_the_stream(
    serve: Serve, make: Any, handler: Handler, codes: set[int]
) -> None:
    """A clear error, and no way past it."""
    server = serve(handler)
    configuration = configured(make("127.0.0.1", server.port))
    configuration.timeout_interval_for_request = 0.3

    assert failure(configuration).code in codes


@SOCKS
@pytest.mark.parity(STREAM)
def test_host_that_a_socks_proxy_cannot_reach() -> None:
    """-1004: who could not be reached is for the proxy to know."""
    with microsocks() as port:
        configuration = configured(ProxyConfiguration.socksv5("127.0.0.1", port))
        with URLSession(configuration) as session:
            task = opened(session, "127.0.0.1", free_port())
            with pytest.raises(URLError) as caught:
                task.read().result(10)

    assert caught.value.code is URLErrorCode.CANNOT_CONNECT_TO_HOST


@pytest.mark.parity(STREAM)
def test_failover_goes_to_the_next_proxy_and_then_direct(serve: Serve) -> None:
    """Only from a proxy that allows it, and cannot be reached."""
    server = serve(shouting)
    proxy = serve(tunnelling(lambda _request: (200, [], b"")))
    gone = ProxyConfiguration.http("127.0.0.1", free_port())
    leaving = replace(gone, allow_failover=True)
    named = ProxyConfiguration.http(proxy.host, proxy.port)
    with URLSession(configured(leaving, named)) as session:
        assert talk(session, "there.example", 25) == TALK
    with URLSession(configured(leaving)) as session:
        assert talk(session, "127.0.0.1", server.port) == TALK

    code = failure(configured(gone), host="127.0.0.1").code
    assert code is URLErrorCode.CANNOT_CONNECT_TO_HOST
    assert (proxy.accepted, server.accepted) == (1, 1)


@pytest.mark.parity(STREAM)
@pytest.mark.parametrize("handler", [_refusing, tunnelling(basic_proxy)])
def test_refused_tunnel_is_no_failover(serve: Serve, handler: Handler) -> None:
    """The proxy was reached, and said no: nobody goes past it."""
    server = serve(shouting)
    proxy = ProxyConfiguration.http("127.0.0.1", serve(handler).port)
    configuration = configured(replace(proxy, allow_failover=True))
    with URLSession(configuration) as session:
        task = opened(session, "127.0.0.1", server.port)
        with pytest.raises(URLError):
            task.read().result(10)

    assert server.accepted == 0


@pytest.mark.parity(STREAM)
@pytest.mark.parametrize("is_of_environment", [False, True])
def test_proxy_that_tls_is_spoken_to_is_refused(
    serve: Serve,
    ca: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    is_of_environment: bool,
) -> None:
    """The stream would have to be inside that TLS; not even the tunnel is asked for."""
    heard: list[bytes] = []
    server = serve(lambda one: heard.append(one.recv()), tls=ca.server_context())
    if is_of_environment:
        monkeypatch.setenv("http_proxy", f"https://127.0.0.1:{server.port}")
        configuration = URLSessionConfiguration.ephemeral()
    else:
        proxy = ProxyConfiguration.http("127.0.0.1", server.port, tls=True)
        configuration = configured(proxy)
    configuration.trusted_certificates = ca.pem
    error = failure(configuration)

    if not is_of_environment:  # whose roots are libcurl's own
        assert error.code is URLErrorCode.CANNOT_CONNECT_TO_HOST
        assert "TLS" in str(error)
    assert server.wait_all_ended()
    server.stop()  # its handlers are done then
    assert b"".join(heard) == b""
