"""Proxies that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from urlsession import URLSession
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    ServerConnection,
    answering,
    fixed_body,
)
from urlsession.testing.handlers import Answer

if TYPE_CHECKING:
    from ..conftest import Serve

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def proxy(serve: Serve) -> LoopbackServer:
    """Return a proxy that answers by itself."""

    def answer(request: ReceivedRequest) -> Answer:
        return 200, [], b"proxied " + request.target.encode()

    return serve(answering(answer))


def load(url: str) -> bytes:
    """Load in a session of its own."""
    with URLSession() as session:
        data: bytes = session.data(url).result(5).data
        return data


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_request_goes_through_the_proxy_of_the_environment(
    proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With the whole URL, as proxies want it; the host is not looked up here."""
    monkeypatch.setenv(name, proxy.url())

    assert load("http://no-such-host.invalid/a") == (
        b"proxied http://no-such-host.invalid/a"
    )


@pytest.mark.parametrize("value", ["127.0.0.1", "*", "example.com,127.0.0.1"])
def test_no_proxy_leaves_hosts_out(
    serve: Serve, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """They are asked directly."""
    monkeypatch.setenv("http_proxy", proxy.url())
    monkeypatch.setenv("no_proxy", value)

    assert load(serve(fixed_body(b"direct")).url()) == b"direct"
    assert proxy.accepted == 0


def test_upper_case_http_proxy_is_ignored(
    serve: Serve, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CGI programs get it from whoever asks them: it is not to be trusted."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url())

    assert load(serve(fixed_body(b"direct")).url()) == b"direct"


def test_connection_to_the_proxy_is_kept_for_other_hosts(
    proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the proxy that we are connected to."""
    monkeypatch.setenv("http_proxy", proxy.url())
    with URLSession() as session:
        for host in ("a.invalid", "b.invalid"):
            session.data(f"http://{host}/").result(5)

    assert proxy.accepted == 1


def test_https_goes_through_a_tunnel(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is asked to connect; its head is no part of the reply."""
    asked: list[str] = []

    def refuse(connection: ServerConnection) -> None:
        request = connection.recv_request()
        assert request is not None
        asked.append(f"{request.method} {request.target}")
        connection.send_response(403, [("Connection", "close")])

    monkeypatch.setenv("https_proxy", serve(refuse).url())
    with URLSession() as session, pytest.raises(OSError, match=r"403|CONNECT|proxy"):
        session.data("https://no-such-host.invalid/").result(5)

    assert asked == ["CONNECT no-such-host.invalid:443"]
