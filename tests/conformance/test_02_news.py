"""What comes while a session loads the same URL over and over is heeded at once.

A load that knew of nothing looks no further the next time: whatever may come after it
has to break in.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import Serve

from urlsession import (
    AuthenticationMethod,
    HTTPCookie,
    HTTPCookieStorage,
    URLCache,
    URLCredential,
    URLCredentialStorage,
    URLProtectionSpace,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import ServerConnection

WITHIN_S = 10.0
LOADS = 5  # as many as make sure that nothing is known

COOKIE_OF_ANOTHER_PROCESS = """
import sys
from datetime import UTC, datetime, timedelta
from urlsession import HTTPCookie, HTTPCookieStorage
storage = HTTPCookieStorage(sys.argv[1])
storage.set_cookie(HTTPCookie({
    "Name": "n", "Value": "theirs", "Path": "/", "Domain": "127.0.0.1",
    "Expires": datetime.now(UTC) + timedelta(hours=1),
}))
storage.close()
"""
REPLY_OF_ANOTHER_PROCESS = """
import sys
from urlsession import URLCache, URLSession, URLSessionConfiguration
configuration = URLSessionConfiguration.ephemeral()
configuration.url_cache = URLCache(0, 1 << 20, sys.argv[1])
with URLSession(configuration) as session:
    session.data(sys.argv[2]).result(10)
configuration.url_cache.close()
"""


class Recorder:
    """A handler that remembers the fields that came, and answers what it is told."""

    def __init__(self) -> None:
        self.fields: list[dict[str, str]] = []
        self.status = 200
        self.headers: list[tuple[str, str]] = []

    def __call__(self, connection: ServerConnection) -> None:
        """Answer with the present status, or 200 to who has a credential."""
        while request := connection.recv_request():
            self.fields.append({name.lower(): value for name, value in request.headers})
            is_let_in = request.header("Authorization") is not None
            connection.send_response(
                200 if is_let_in else self.status,
                headers=self.headers,
                body=b"%d" % len(self.fields),
            )


def loaded_often(session: URLSession, url: str) -> None:
    for _ in range(LOADS):
        session.data(url).result(WITHIN_S)


def test_cookie_that_the_program_stores(serve: Serve) -> None:
    """Its next load sends it."""
    handler, storage = Recorder(), HTTPCookieStorage()
    url = serve(handler).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = storage
    with URLSession(configuration) as session:
        loaded_often(session, url)
        storage.set_cookie(
            HTTPCookie({"Name": "n", "Value": "v", "Path": "/", "Domain": "127.0.0.1"})
        )
        session.data(url).result(WITHIN_S)

    assert [one.get("cookie") for one in handler.fields] == [None] * LOADS + ["n=v"]


def test_cookie_that_a_reply_to_another_session_sets(serve: Serve) -> None:
    """Two sessions share the storage."""
    handler, storage = Recorder(), HTTPCookieStorage()
    url = serve(handler).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = storage
    with URLSession(configuration) as session, URLSession(configuration) as other:
        loaded_often(session, url)
        handler.headers = [("Set-Cookie", "n=v")]
        other.data(url).result(WITHIN_S)
        session.data(url).result(WITHIN_S)

    assert handler.fields[-2].get("cookie") is None
    assert handler.fields[-1]["cookie"] == "n=v"


def test_cookie_of_another_process(serve: Serve, tmp_path: Path) -> None:
    """It wrote the file that both have."""
    handler, path = Recorder(), tmp_path / "cookies.sqlite"
    url = serve(handler).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = HTTPCookieStorage(path)
    with URLSession(configuration) as session:
        loaded_often(session, url)
        run(COOKIE_OF_ANOTHER_PROCESS, str(path))
        session.data(url).result(WITHIN_S)
    configuration.http_cookie_storage.close()

    assert handler.fields[-2].get("cookie") is None
    assert handler.fields[-1]["cookie"] == "n=theirs"


def test_reply_that_another_session_stores(serve: Serve) -> None:
    """It had none of its own: the server is not asked again."""
    handler, cache = Recorder(), URLCache(1 << 20, 0)
    url = serve(handler).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache
    with URLSession(configuration) as session, URLSession(configuration) as other:
        loaded_often(session, url)
        handler.headers = [("Cache-Control", "max-age=600")]
        stored = other.data(url).result(WITHIN_S)

        assert session.data(url).result(WITHIN_S).data == stored.data
    assert len(handler.fields) == LOADS + 1


def test_reply_that_another_process_stores(serve: Serve, tmp_path: Path) -> None:
    """The folder is looked at now and then; its reply is used."""
    handler = Recorder()
    url = serve(handler).url()
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_cache = URLCache(0, 1 << 20, tmp_path)
    with URLSession(configuration) as session:
        loaded_often(session, url)
        handler.headers = [("Cache-Control", "max-age=600")]
        run(REPLY_OF_ANOTHER_PROCESS, str(tmp_path), url)
        handler.headers = []
        theirs = b"%d" % (LOADS + 1)

        deadline = time.monotonic() + WITHIN_S
        while session.data(url).result(WITHIN_S).data != theirs:
            assert time.monotonic() < deadline
    configuration.url_cache.close()


def test_credential_that_a_challenge_brought(serve: Serve) -> None:
    """From then on it goes with the request, without being asked for."""
    handler, storage = Recorder(), URLCredentialStorage()
    server = serve(handler)
    url = server.url()
    space = URLProtectionSpace(
        "127.0.0.1", server.port, "http", "r", AuthenticationMethod.HTTP_BASIC
    )
    storage.set_default_credential(URLCredential("u", "p"), space)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.url_credential_storage = storage
    with URLSession(configuration) as session:
        loaded_often(session, url)
        handler.status = 401
        handler.headers = [("WWW-Authenticate", 'Basic realm="r"')]
        session.data(url).result(WITHIN_S)
        before = len(handler.fields)
        session.data(url).result(WITHIN_S)

    assert "authorization" not in handler.fields[LOADS]
    assert "authorization" in handler.fields[before]


@pytest.mark.parametrize("name", ["Cookie", "X-Own"])
def test_request_with_a_field_of_its_own(serve: Serve, name: str) -> None:
    """To a URL that nothing is known of."""
    handler = Recorder()
    url = serve(handler).url()
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        loaded_often(session, url)
        session.data(URLRequest(url, headers={name: "own"})).result(WITHIN_S)

    assert handler.fields[-1][name.lower()] == "own"


def run(program: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, timeout=WITHIN_S * 3
    )
