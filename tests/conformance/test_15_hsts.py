"""Hosts that ask for TLS are spoken to over TLS only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from urlsession import URLRequest, URLSession, URLSessionConfiguration
from urlsession.storage import hsts_file
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    answering,
)

if TYPE_CHECKING:
    from pathlib import Path

    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

HSTS = "15:HTTP/2, HTTP/3"
FIELD = "Strict-Transport-Security"


class Secure:
    """A TLS server whose replies have a policy."""

    def __init__(self, serve: Serve, ca: CertificateAuthority) -> None:
        self.value = "max-age=100"
        context = ca.server_context("localhost", "sub.localhost", "127.0.0.1")
        self.server: LoopbackServer = serve(answering(self._answer), tls=context)
        self.ca = ca

    def _answer(
        self, request: ReceivedRequest
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if request.target == "/away":
            return 302, [("Location", self.url("http", "/there?q#f"))], b""
        fields = [(FIELD, self.value)] if request.target == "/policy" else []
        return 200, fields, b"secure " + request.method.encode()

    def url(self, scheme: str, path: str = "/", host: str = "localhost") -> str:
        """Return a URL of this server's, over either scheme."""
        return f"{scheme}://{host}:{self.server.port}{path}"

    def configuration(self) -> URLSessionConfiguration:
        """Return one that trusts it."""
        made = URLSessionConfiguration.ephemeral()
        made.trusted_certificates = self.ca.pem
        made.connection_proxy_dictionary = {}
        return made


@pytest.fixture
def secure(serve: Serve, ca: CertificateAuthority) -> Secure:
    """Start such a server."""
    return Secure(serve, ca)


@pytest.fixture
def shared_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this test a shared store of its own."""
    monkeypatch.setenv("URLSESSION_HOME", str(tmp_path))
    monkeypatch.setattr(hsts_file, "_shared", None)


@pytest.mark.parametrize("streams", [False, True])
def test_load_is_upgraded_without_a_word_in_clear(
    secure: Secure, *, streams: bool
) -> None:
    """Method and body too; request and response have the URL that was loaded."""
    delegate = RecordingDelegate()
    with URLSession(secure.configuration(), delegate) as session:
        if streams:
            chunks, _ = session.bytes(secure.url("https", "/policy")).result(5)
            list(chunks)
        else:
            session.data(secure.url("https", "/policy")).result(5)
        request = URLRequest(secure.url("http"), method="POST", body=b"x")
        task = session.data(request)
        reply = task.result(5)

    assert reply.data == b"secure POST"
    assert reply.response.url == secure.url("https")
    assert task.current_request.url == secure.url("https")
    assert task.original_request.url == secure.url("http")
    assert delegate.count("task_will_perform_http_redirection") == 0
    assert [one.method for one in secure.server.requests] == ["GET", "POST"]


def test_redirect_is_upgraded_too(secure: Secure) -> None:
    """The next request of the task, wherever it comes from."""

    async def load() -> str:
        async with URLSession(secure.configuration()) as session:
            await session.data(secure.url("https", "/policy"))
            _, response = await session.data(secure.url("https", "/away"))
            url: str = response.url
            return url

    assert asyncio.run(load()) == secure.url("https", "/there?q#f")


@pytest.mark.parametrize(
    ("host", "value"),
    [
        ("127.0.0.1", "max-age=100"),
        ("localhost", "max-age=x"),
        ("localhost", "max-age=0"),
    ],
)
def test_policy_that_does_not_hold_changes_nothing(
    secure: Secure, serve: Serve, host: str, value: str
) -> None:
    """An address's, one that cannot be read, one that is taken back."""
    secure.value = value
    plain = serve(answering(lambda _: (200, [(FIELD, "max-age=100")], b"plain")))
    with URLSession(secure.configuration()) as session:
        session.data(secure.url("https", "/policy", host)).result(5)
        for _ in range(2):  # what comes in clear is no policy either
            url = f"http://{host}:{plain.port}/"
            assert session.data(url).result(5).data == b"plain"


def test_ephemeral_session_keeps_it_to_itself(secure: Secure, serve: Serve) -> None:
    """And its copies; another one knows nothing."""
    plain = serve(answering(lambda _: (200, [], b"plain")))
    url = f"http://localhost:{plain.port}/"
    with URLSession(secure.configuration()) as session:
        session.data(secure.url("https", "/policy")).result(5)
    with URLSession(secure.configuration()) as other:
        assert other.data(url).result(5).data == b"plain"


@pytest.mark.usefixtures("shared_file")
def test_default_sessions_share_it_and_remember_it(
    secure: Secure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the next run of the program too, and after `reset`."""
    configuration = URLSessionConfiguration.default()
    configuration.trusted_certificates = secure.ca.pem
    with URLSession(configuration) as session:
        session.data(secure.url("https", "/policy")).result(5)
        session.reset()
    assert (tmp_path / hsts_file.FILE_NAME).is_file()
    monkeypatch.setattr(hsts_file, "_shared", None)  # another run
    with URLSession(configuration) as session:
        reply = session.data(secure.url("http")).result(5)

    assert reply.response.url == secure.url("https")
