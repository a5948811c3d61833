"""407: a proxy wants to know who asks, before a tunnel or with each request."""

from __future__ import annotations

from collections.abc import Iterator
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
)
from urlsession.testing import (
    Handler,
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
)

from .auth_server import DigestServer, basic, basic_value
from .proxy_servers import tinyproxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from urlsession.testing.certificates import CertificateAuthority
    from urlsession.testing.handlers import Answer

    from ..conftest import Serve

USE = AuthChallengeDisposition.USE_CREDENTIAL
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
REJECT = AuthChallengeDisposition.REJECT_PROTECTION_SPACE
CHALLENGE = "task_did_receive_challenge"
ME = URLCredential("me", "s3cret")
METHOD = "4:URLSession:task:didReceiveChallenge:"
SPACE = "12:initialisers"

pytestmark = pytest.mark.needs(programs=("tinyproxy",))


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[int]:
    """Run a proxy that wants a password; its port."""
    with tinyproxy(tmp_path, login="me s3cret") as port:
        yield port


@pytest.fixture(params=["forwarded", "tunnelled", "https"])
def way(request: pytest.FixtureRequest) -> str:
    """Return each way through a proxy."""
    kind: str = request.param
    return kind


@pytest.fixture
def server(serve: Serve, way: str) -> LoopbackServer:
    """Return a server behind the proxy."""
    return serve(fixed_body(b"through"), tls=way == "https")


@pytest.fixture
def configuration(
    proxy: int, way: str, ca: CertificateAuthority
) -> URLSessionConfiguration:
    """Return a configuration with that proxy, and without a password for it."""
    made = URLSessionConfiguration.ephemeral()
    make = (
        ProxyConfiguration.http_connect
        if way == "tunnelled"
        else ProxyConfiguration.http
    )
    made.proxy_configurations = [make("127.0.0.1", proxy)]
    made.trusted_certificates = ca.path
    return made


def challenged(*answers: Any) -> RecordingDelegate:
    """Return a delegate that gives these answers to 401 and 407, the last for ever."""
    left = list(answers)

    def decide(_session: object, _task: object, challenge: object) -> Any:
        assert isinstance(challenge, URLAuthenticationChallenge)
        if challenge.protection_space.server_trust is not None:
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return RecordingDelegate({CHALLENGE: decide})


def challenges(delegate: RecordingDelegate) -> list[URLAuthenticationChallenge]:
    """Return the challenges that came of responses."""
    found = [call.args[1] for call in delegate.named(CHALLENGE)]
    return [
        one
        for one in found
        if isinstance(one, URLAuthenticationChallenge)
        and one.protection_space.server_trust is None
    ]


@pytest.mark.parity(METHOD, SPACE)
def test_proxy_is_answered(
    server: LoopbackServer, configuration: URLSessionConfiguration, proxy: int
) -> None:
    """By its own protection space, and from the start afterwards."""
    delegate = challenged((USE, ME))
    with URLSession(configuration, delegate) as session:
        for _ in range(3):
            assert session.data(server.url()).result(timeout=10).data == b"through"

    (challenge,) = challenges(delegate)
    space = challenge.protection_space
    assert space.is_proxy
    assert (space.host, space.port, space.proxy_type) == ("127.0.0.1", proxy, "http")
    assert space.authentication_method is AuthenticationMethod.HTTP_BASIC
    assert challenge.failure_response is not None
    assert challenge.failure_response.status_code == 407
    assert server.request_count == 3
    assert {one.header("Proxy-Authorization") for one in server.requests} == {None}
    assert {one.header("Authorization") for one in server.requests} == {None}


def proxy_that(answer: Callable[[ReceivedRequest], Answer]) -> Handler:
    """Return a proxy that lets through what gets a 200; it is the server, too."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            status, headers, body = answer(request)
            if status != 200:
                connection.send_response(status, headers, body)
            elif request.method == "CONNECT":
                connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                while connection.recv_request():
                    connection.send_response(200, [], b"through")
            else:
                connection.send_response(200, [], b"through")

    return handle


def basic_proxy(request: ReceivedRequest) -> Answer:
    """Let one user through."""
    if request.header("Proxy-Authorization") == basic_value("me", "s3cret"):
        return 200, [], b""
    return 407, [("Proxy-Authenticate", 'Basic realm="r"')], b"no"


@pytest.mark.parametrize("tunnels", [False, True])
@pytest.mark.parametrize("kind", ["Basic", "Digest"])
def test_refusals_of_a_proxy_are_counted(
    serve: Serve, tunnels: bool, kind: str
) -> None:
    """As with servers; Digest covers what the proxy is asked for."""
    digest = DigestServer("SHA-256", is_proxy=True)
    proxy = serve(proxy_that(basic_proxy if kind == "Basic" else digest))
    make = ProxyConfiguration.http_connect if tunnels else ProxyConfiguration.http
    configuration = URLSessionConfiguration.ephemeral()
    configuration.proxy_configurations = [make(proxy.host, proxy.port)]
    delegate = challenged((USE, URLCredential("me", "no")), (USE, ME))
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            url = "http://there.example/a?b"
            assert session.data(url).result(timeout=10).data == b"through"

    assert [one.previous_failure_count for one in challenges(delegate)] == [0, 1]
    methods = {one.method for one in proxy.requests}
    assert ("CONNECT" in methods) is tunnels


@pytest.mark.parity(
    "8:userCancelledAuthentication / userAuthenticationRequired (-1012, -1013)"
)
@pytest.mark.parametrize("answer", [None, (USE, None), (REJECT, None), "no delegate"])
def test_unanswered_proxy(
    server: LoopbackServer,
    configuration: URLSessionConfiguration,
    way: str,
    answer: Any,
) -> None:
    """A 407 to a request is its response; a tunnel that is refused is an error."""
    delegate = None if answer == "no delegate" else challenged(answer)
    with URLSession(configuration, delegate) as session:
        if way == "forwarded":
            reply = session.data(server.url()).result(timeout=10)
            assert reply.response.status_code == 407
        else:
            with pytest.raises(URLError) as failure:
                session.data(server.url()).result(timeout=10)
            code = failure.value.code
            assert code is URLErrorCode.USER_AUTHENTICATION_REQUIRED

    assert server.request_count == 0


def test_cancel_ends_the_task(
    server: LoopbackServer, configuration: URLSessionConfiguration
) -> None:
    """With -999."""
    with URLSession(configuration, challenged((CANCEL, None))) as session:
        with pytest.raises(URLError) as failure:
            session.data(server.url()).result(timeout=10)

    assert failure.value.code is URLErrorCode.CANCELLED


def test_stored_password_is_used_without_a_delegate(
    server: LoopbackServer, configuration: URLSessionConfiguration, proxy: int
) -> None:
    """By default."""
    storage = configuration.url_credential_storage
    assert storage is not None
    space = URLProtectionSpace.proxy(
        "127.0.0.1", proxy, "http", "tinyproxy", AuthenticationMethod.HTTP_BASIC
    )
    seen = challenged(None)
    with URLSession(configuration, seen) as session:
        try:
            session.data(server.url()).result(timeout=10)
        except URLError:
            pass
    space = challenges(seen)[0].protection_space
    storage.set(ME, space)
    with URLSession(configuration) as session:
        assert session.data(server.url()).result(timeout=10).data == b"through"


def test_stream_comes_through(
    server: LoopbackServer, configuration: URLSessionConfiguration
) -> None:
    """The proxy's heads are not taken for the server's."""
    with URLSession(configuration, challenged((USE, ME))) as session:
        chunks, response = session.bytes(server.url()).result(timeout=10)
        assert (b"".join(chunks), response.status_code) == (b"through", 200)


def test_proxy_of_the_environment_is_answered(
    serve: Serve,
    proxy: int,
    ca: CertificateAuthority,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Named by its address."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy}")
    server = serve(fixed_body(b"through"), tls=way == "https")
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    delegate = challenged((USE, ME))
    with URLSession(configuration, delegate) as session:
        for _ in range(2):
            assert session.data(server.url()).result(timeout=10).data == b"through"

    (challenge,) = challenges(delegate)
    assert challenge.protection_space.is_proxy
    assert challenge.protection_space.port == proxy


def test_proxy_and_server_are_both_answered(
    serve: Serve, proxy: int, way: str, configuration: URLSessionConfiguration
) -> None:
    """Each with its own."""
    server = serve(answering(basic("you", "other")), tls=way == "https")
    delegate = challenged((USE, ME), (USE, URLCredential("you", "other")))
    with URLSession(configuration, delegate) as session:
        assert session.data(server.url()).result(timeout=10).data == b"welcome "

    seen = [one.protection_space.is_proxy for one in challenges(delegate)]
    assert seen == [True, False]
