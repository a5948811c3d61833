"""Proxies of a configuration: which loads go through them, and who is told what.

Real proxies (tinyproxy, microsocks) where one is needed that works; a script where one
is needed that does not.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    ProxyConfiguration,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.connections import LEDGER
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    fixed_body,
)

from .proxy_servers import free_port, microsocks, tinyproxy

if TYPE_CHECKING:
    from urlsession.connections import Connection, ConnectionEvent
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

CONFIGURATIONS = "2:proxyConfigurations"
DICTIONARY = "2:connectionProxyDictionary"
HTTP = pytest.mark.needs(programs=("tinyproxy",))
SOCKS = pytest.mark.needs(programs=("microsocks",))
LOGIN = ("me", "s3cret")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def http_proxy(tmp_path: Path) -> Iterator[int]:
    """Run an HTTP proxy; its port."""
    with tinyproxy(tmp_path) as port:
        yield port


@pytest.fixture
def socks_proxy() -> Iterator[int]:
    """Run a SOCKS proxy; its port."""
    with microsocks() as port:
        yield port


def configured(*proxies: ProxyConfiguration) -> URLSessionConfiguration:
    """Return a configuration with proxies."""
    made = URLSessionConfiguration.ephemeral()
    made.proxy_configurations = proxies
    return made


def loaded(configuration: URLSessionConfiguration, url: str) -> bytes:
    """Load in a session of its own."""
    with URLSession(configuration) as session:
        data: bytes = session.data(url).result(10).data
        return data


def failure(configuration: URLSessionConfiguration, url: str) -> URLError:
    """Load in a session of its own what cannot be loaded."""
    with URLSession(configuration) as session, pytest.raises(URLError) as caught:
        session.data(url).result(10)
    return caught.value


def origins(serve: Serve, ca: CertificateAuthority) -> dict[str, str]:
    """Start one server for each scheme."""
    return {
        "http": serve(fixed_body(b"plain")).url(),
        "https": serve(fixed_body(b"secret"), tls=ca.server_context()).url(),
    }


# -- proxies that work ------------------------------------------------------------


@HTTP
@pytest.mark.parity(CONFIGURATIONS, "18:3 #5199 proxies")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "make", [ProxyConfiguration.http, ProxyConfiguration.http_connect]
)
def test_load_goes_through_an_http_proxy(
    http_proxy: int,
    serve: Serve,
    ca: CertificateAuthority,
    scheme: str,
    make: object,
) -> None:
    """Either kind; the ledger names the proxy, and the host that was asked for."""
    assert callable(make)
    configuration = configured(make("127.0.0.1", http_proxy))
    configuration.trusted_certificates = ca.pem
    opened: list[Connection] = []

    def note(_event: ConnectionEvent, connection: Connection) -> None:
        opened.append(connection)

    with LEDGER.listening(note):
        body = loaded(
            configuration, origins(serve, ca)[scheme].replace("127.0.0.1", "localhost")
        )

    assert body == (b"plain" if scheme == "http" else b"secret")
    assert {one.remote for one in opened} == {("127.0.0.1", http_proxy)}
    assert {one.host for one in opened} == {"localhost"}
    assert {one.proxy for one in opened} == {f"http://127.0.0.1:{http_proxy}"}


@SOCKS
@pytest.mark.parity(CONFIGURATIONS, "18:3 #5199 proxies")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("resolves_names", [True, False])
def test_load_goes_through_a_socks_proxy(
    socks_proxy: int,
    serve: Serve,
    ca: CertificateAuthority,
    scheme: str,
    resolves_names: bool,
) -> None:
    """With names looked up there, or here (libcurl then tries one address)."""
    host = "localhost" if resolves_names else "127.0.0.1"
    proxy = ProxyConfiguration.socksv5(
        "127.0.0.1", socks_proxy, resolves_names=resolves_names
    )
    configuration = configured(proxy)
    configuration.trusted_certificates = ca.pem
    url = origins(serve, ca)[scheme].replace("127.0.0.1", host)
    with URLSession(configuration) as session:
        body = session.data(url).result(10).data
        (connection,) = session.connections()

    assert body == (b"plain" if scheme == "http" else b"secret")
    assert connection.remote == ("127.0.0.1", socks_proxy)
    assert (connection.host, connection.proxy) == (host, proxy.url)


@HTTP
@pytest.mark.parity(CONFIGURATIONS)
def test_asyncio_load_goes_through_a_proxy(http_proxy: int, serve: Serve) -> None:
    """The other door; the metrics say so too."""
    url = serve(fixed_body(b"plain")).url()
    recorder = RecordingDelegate()

    async def load() -> bytes:
        configuration = configured(ProxyConfiguration.http("127.0.0.1", http_proxy))
        async with URLSession(configuration, recorder) as session:
            task = session.data(url)
            data: bytes = (await task).data
            metrics = task.metrics
            assert metrics is not None
            assert metrics.transaction_metrics[0].is_proxy_connection
            return data

    assert asyncio.run(load()) == b"plain"


@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize("is_tunnel", [False, True])
def test_load_goes_through_a_proxy_over_tls(
    serve: Serve, ca: CertificateAuthority, is_tunnel: bool
) -> None:
    """The proxy's certificate is checked against the same roots as the host's."""

    def answer(connection: ServerConnection) -> None:
        request = connection.recv_request()
        if request is not None and request.method == "CONNECT":
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
            request = connection.recv_request()
        assert request is not None
        connection.send_response(200, [], request.target.encode())

    server = serve(answer, tls=ca.server_context())
    make = ProxyConfiguration.http_connect if is_tunnel else ProxyConfiguration.http
    configuration = configured(make("127.0.0.1", server.port, tls=True))
    configuration.trusted_certificates = ca.pem

    assert loaded(configuration, "http://no-such.invalid/a") == (
        b"/a" if is_tunnel else b"http://no-such.invalid/a"
    )


@pytest.mark.parity(CONFIGURATIONS)
def test_proxy_with_an_unknown_root_is_not_used(
    serve: Serve, ca: CertificateAuthority
) -> None:
    """Nor is it passed by: somebody else may sit there."""
    server = serve(fixed_body(b"no"), tls=ca.unknown_root_context())
    proxy = replace(
        ProxyConfiguration.http("127.0.0.1", server.port, tls=True),
        allow_failover=True,
    )
    configuration = configured(proxy)
    configuration.trusted_certificates = ca.pem

    error = failure(configuration, serve(fixed_body(b"direct")).url())

    assert error.code is URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT


# -- credentials ----------------------------------------------------------------------


@HTTP
@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_http_proxy_gets_its_credentials(
    tmp_path: Path, serve: Serve, ca: CertificateAuthority, scheme: str
) -> None:
    """With the first request, as Basic; the host gets none of them."""
    seen: list[ReceivedRequest] = []

    def answer(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        seen.append(request)
        return 200, [], b"in"

    context = ca.server_context() if scheme == "https" else False
    url = serve(answering(answer), tls=context).url()
    with tinyproxy(tmp_path, login=" ".join(LOGIN)) as port:
        proxy = ProxyConfiguration.http("127.0.0.1", port).applying_credential(*LOGIN)
        configuration = configured(proxy)
        configuration.trusted_certificates = ca.pem

        assert loaded(configuration, url) == b"in"
    assert seen[0].header("Proxy-Authorization") is None
    assert seen[0].header("Authorization") is None


@SOCKS
@pytest.mark.parity(CONFIGURATIONS)
def test_socks_proxy_gets_its_credentials(serve: Serve) -> None:
    """Wrong ones are refused by the proxy: the load fails."""
    url = serve(fixed_body(b"in")).url()
    with microsocks(login=LOGIN) as port:
        proxy = ProxyConfiguration.socksv5("127.0.0.1", port)
        good = loaded(configured(proxy.applying_credential(*LOGIN)), url)
        error = failure(configured(proxy.applying_credential("me", "wrong")), url)

    assert good == b"in"
    assert error.code is URLErrorCode.CANNOT_CONNECT_TO_HOST


@HTTP
@pytest.mark.parity(DICTIONARY)
def test_dictionary_holds_credentials_too(tmp_path: Path, serve: Serve) -> None:
    """CFNetwork's own two keys."""
    with tinyproxy(tmp_path, login=" ".join(LOGIN)) as port:
        configuration = URLSessionConfiguration.ephemeral()
        configuration.connection_proxy_dictionary = {
            "HTTPEnable": 1,
            "HTTPProxy": "127.0.0.1",
            "HTTPPort": port,
            "kCFProxyUsernameKey": LOGIN[0],
            "kCFProxyPasswordKey": LOGIN[1],
        }

        assert loaded(configuration, serve(fixed_body(b"in")).url()) == b"in"


# -- which one -------------------------------------------------------------------------


@pytest.fixture
def named(serve: Serve) -> LoopbackServer:
    """Return a proxy that answers by itself, with what it was asked for."""

    def answer(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        return 200, [], b"proxied " + request.target.encode()

    return serve(answering(answer))


@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize(
    ("match", "excluded", "is_proxied"),
    [
        ((), (), True),
        (("localhost",), (), True),
        (("other.example",), (), False),
        ((), ("localhost",), False),
        (("localhost",), ("localhost",), False),
    ],
)
def test_domains_decide(
    named: LoopbackServer,
    serve: Serve,
    match: tuple[str, ...],
    excluded: tuple[str, ...],
    is_proxied: bool,
) -> None:
    """Matched ones go through the proxy, excluded ones and others directly."""
    proxy = replace(
        ProxyConfiguration.http("127.0.0.1", named.port),
        match_domains=match,
        excluded_domains=excluded,
    )
    url = serve(fixed_body(b"direct")).url().replace("127.0.0.1", "localhost")

    body = loaded(configured(proxy), url)

    assert body == (b"proxied " + url.encode() if is_proxied else b"direct")


@pytest.mark.parity(DICTIONARY)
@pytest.mark.parametrize(
    ("dictionary", "is_proxied"),
    [
        (None, True),
        ({}, False),
        ({"HTTPEnable": 0, "HTTPProxy": "127.0.0.1"}, False),
        ({"HTTPEnable": True}, True),
        ({"HTTPEnable": True, "ExceptionsList": ["*.local", "127.0/8"]}, False),
        ({"HTTPEnable": True, "ExceptionsList": ["*.local"]}, True),
    ],
    ids=["none", "empty", "disabled", "enabled", "excepted", "not-excepted"],
)
def test_dictionary_beats_the_environment(
    named: LoopbackServer,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    dictionary: dict[str, object] | None,
    is_proxied: bool,
) -> None:
    """None leaves it to the environment, an empty one means no proxy."""
    monkeypatch.setenv("http_proxy", named.url())
    if dictionary is not None and dictionary.get("HTTPEnable"):
        dictionary = {"HTTPProxy": "127.0.0.1", "HTTPPort": named.port, **dictionary}
    configuration = URLSessionConfiguration.ephemeral()
    configuration.connection_proxy_dictionary = dictionary
    url = serve(fixed_body(b"direct")).url()

    body = loaded(configuration, url)

    assert body == (b"proxied " + url.encode() if is_proxied else b"direct")


@pytest.mark.parity(DICTIONARY)
def test_dictionary_counts_by_scheme(
    named: LoopbackServer, serve: Serve, ca: CertificateAuthority
) -> None:
    """A proxy for http: leaves https: alone."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    configuration.connection_proxy_dictionary = {
        "HTTPEnable": 1,
        "HTTPProxy": "127.0.0.1",
        "HTTPPort": named.port,
    }

    assert loaded(configuration, origins(serve, ca)["https"]) == b"secret"
    assert named.accepted == 0


@pytest.mark.parity(DICTIONARY)
def test_environment_exceptions_are_not_for_configured_proxies(
    named: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`no_proxy` belongs to the environment's proxies."""
    monkeypatch.setenv("no_proxy", "*")
    proxy = ProxyConfiguration.http("127.0.0.1", named.port)

    assert loaded(configured(proxy), "http://a.invalid/").startswith(b"proxied")


@pytest.mark.parity(DICTIONARY)
@pytest.mark.parametrize("key", ["ProxyAutoConfigEnable", "ProxyAutoDiscoveryEnable"])
def test_automatic_configuration_is_refused(key: str) -> None:
    """At the assignment, with the reason."""
    configuration = URLSessionConfiguration.default()

    with pytest.raises(ValueError, match=r"PAC.*not offered"):
        configuration.connection_proxy_dictionary = {
            key: 1,
            "ProxyAutoConfigURLString": "http://proxy.example/wpad.dat",
        }


# -- proxies that do not work -----------------------------------------------------------


@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize("body", [None, b"the body"])
def test_failover_goes_to_the_next_proxy_and_then_direct(
    named: LoopbackServer, serve: Serve, body: bytes | None
) -> None:
    """Only from a proxy that allows it, and cannot be reached."""
    url = serve(fixed_body(b"direct")).url()
    gone = replace(
        ProxyConfiguration.http("127.0.0.1", free_port()), allow_failover=True
    )
    named_one = ProxyConfiguration.http("127.0.0.1", named.port)
    request = URLRequest(url, method="GET" if body is None else "POST", body=body)
    with URLSession(configured(gone, named_one)) as session:
        through_second = session.data(request).result(10).data
    with URLSession(configured(gone)) as session:
        direct = session.data(request).result(10).data
        (connection,) = session.connections()

    assert through_second == b"proxied " + url.encode()
    assert direct == b"direct"
    assert connection.proxy is None


def _nonsense(connection: ServerConnection) -> None:
    connection.recv()
    connection.send(b"220 mail.example ESMTP\r\n")


def _closing(connection: ServerConnection) -> None:
    connection.recv_head()


def _refusing(connection: ServerConnection) -> None:
    connection.recv_head()
    connection.send_response(403, [("Connection", "close")])


def _silent(connection: ServerConnection) -> None:
    connection.hold()


@pytest.mark.parity(CONFIGURATIONS)
@pytest.mark.parametrize(
    ("make", "handler", "codes"),
    [
        (ProxyConfiguration.http_connect, _nonsense, {-1004, -1011, -1017, -1005}),
        (ProxyConfiguration.http_connect, _closing, {-1004, -1005, -1011}),
        (ProxyConfiguration.http_connect, _refusing, {-1004}),
        (ProxyConfiguration.http_connect, _silent, {-1001}),
        (ProxyConfiguration.socksv5, _nonsense, {-1004}),
        (ProxyConfiguration.socksv5, _silent, {-1001}),
    ],
    ids=["nonsense", "closing", "refusing", "silent", "socks-nonsense", "socks-silent"],
)
def test_broken_proxy_fails_the_load(
    serve: Serve, make: object, handler: object, codes: set[int]
) -> None:
    """A clear error, and no way past it."""
    assert callable(make) and callable(handler)
    server = serve(handler)
    configuration = configured(make("127.0.0.1", server.port))
    configuration.timeout_interval_for_request = 0.3

    error = failure(configuration, "https://no-such.invalid/")

    assert error.code in codes


@pytest.mark.parity(CONFIGURATIONS)
def test_refused_tunnel_is_no_failover(serve: Serve, ca: CertificateAuthority) -> None:
    """The proxy was reached, and said no."""
    origin = serve(fixed_body(b"direct"), tls=ca.server_context())
    proxy = ProxyConfiguration.http("127.0.0.1", serve(_refusing).port)
    configuration = configured(replace(proxy, allow_failover=True))
    configuration.trusted_certificates = ca.pem

    assert failure(configuration, origin.url()).code is (
        URLErrorCode.CANNOT_CONNECT_TO_HOST
    )
    assert origin.accepted == 0


@pytest.mark.parity(CONFIGURATIONS)
def test_unreachable_proxy_fails_the_load() -> None:
    """Without leave to pass it by."""
    error = failure(
        configured(ProxyConfiguration.http("127.0.0.1", free_port())),
        "http://no-such.invalid/",
    )

    assert error.code is URLErrorCode.CANNOT_CONNECT_TO_HOST


@HTTP
@pytest.mark.parity(CONFIGURATIONS)
def test_tunnel_without_its_credentials_asks_for_them(tmp_path: Path) -> None:
    """407 for CONNECT is no reply of the host's."""
    with tinyproxy(tmp_path, login=" ".join(LOGIN)) as port:
        error = failure(
            configured(ProxyConfiguration.http("127.0.0.1", port)),
            "https://no-such.invalid/",
        )

    assert error.code is URLErrorCode.USER_AUTHENTICATION_REQUIRED


def test_credentials_are_never_shown() -> None:
    """Neither in the proxy's own text nor in that of a configuration."""
    proxy = ProxyConfiguration.from_url("http://me:s3cret@127.0.0.1:3128")

    assert "s3cret" not in repr(configured(proxy)) + proxy.url
    assert base64.b64encode(b"s3cret").decode() not in repr(proxy)
