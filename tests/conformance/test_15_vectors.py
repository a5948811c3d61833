"""Section 15: rules of HTTP, and Foundation's, that public test vectors ask for.

The rules are RFC 9110's and 9112's, and what Foundation's open-source twin tests of
requests without a body, of redirects that do not end and of replies that are none.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    HTTPURLResponse,
    URLError,
    URLErrorCode,
    URLProtocol,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    LoopbackServer,
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    answering,
    echo_handler,
    redirecting,
)

if TYPE_CHECKING:
    from ..conftest import Serve

FORM = "application/x-www-form-urlencoded"
REDIRECT = "task_will_perform_http_redirection"
RESPONSE = "data_task_did_receive_response"


def run(request: URLRequest | str, delegate: object) -> None:
    """Load for a delegate, to the end."""
    with URLSession(delegate=delegate) as session:
        session.data_task(request).resume()


# -- redirects -------------------------------------------------------------------------


def endless(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
    """Redirect ``/n`` to ``/n+1``, with a body."""
    return 302, [("Location", f"/{int(request.target[1:]) + 1}")], b"elsewhere"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parity("15:limit", "8:httpTooManyRedirects (-1007)")
def test_delegate_is_asked_about_twenty_redirects(serve: Serve, method: str) -> None:
    """Not about the one too many, whose URL the error names."""
    server = serve(answering(endless))

    run(URLRequest(server.url("/0"), method=method), delegate := RecordingDelegate())

    error = delegate.named("task_did_complete")[0].args[-1]
    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert error.failing_url == server.url("/20")
    assert delegate.count(REDIRECT) == 20
    assert delegate.named(REDIRECT)[-1].args[-1].url == server.url("/20")  # type: ignore[attr-defined]  # a request
    assert delegate.count(RESPONSE) == 0


def test_delegate_is_asked_about_twenty_redirects_of_a_protocol() -> None:
    """The same limit, whoever redirects."""

    class Endless(URLProtocol):
        @classmethod
        def can_init(cls, request: URLRequest) -> bool:
            return request.url.startswith("endless:")

        def start_loading(self) -> None:
            response = HTTPURLResponse(self.request.url, 302)
            self.client.was_redirected(self, self.request, response)

        def stop_loading(self) -> None:
            pass

    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Endless]
    delegate = RecordingDelegate()
    with URLSession(configuration, delegate) as session:
        session.data_task("endless:x").resume()

    error = delegate.named("task_did_complete")[0].args[-1]
    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.HTTP_TOO_MANY_REDIRECTS
    assert delegate.count(REDIRECT) == 20


@pytest.mark.parametrize("status", [300, 304, 309, 399])
@pytest.mark.parity("15:300, 304, 3xx without Location")
def test_status_that_does_not_redirect_is_delivered(serve: Serve, status: int) -> None:
    """One that nobody knows means what 300 does (RFC 9110, 15), Location or not."""
    server = serve(redirecting({"/": (status, "/end")}))

    run(server.url("/"), delegate := RecordingDelegate())

    assert delegate.count(REDIRECT) == 0
    assert delegate.named(RESPONSE)[0].args[-1].status_code == status  # type: ignore[attr-defined]  # a response
    assert server.request_count == 1


def test_location_that_is_there_twice_is_followed_once(serve: Serve) -> None:
    """Joined by a comma they would be another URL."""

    def twice(request: ReceivedRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        if request.target == "/end":
            return 200, [], b"here"
        return 302, [("Location", "/end"), ("Location", "/end")], b""

    server = serve(answering(twice))
    with URLSession() as session:
        reply = session.data(server.url("/")).result(5)

    assert reply.data == b"here"
    assert reply.response.url == server.url("/end")


# -- bodies ----------------------------------------------------------------------------


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that takes everything."""
    return serve(echo_handler)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH"])
@pytest.mark.parity("6:GET with body")
def test_empty_body_is_no_body(server: LoopbackServer, method: str) -> None:
    """GET and HEAD are sent like without one, others with its length; no type."""
    request = URLRequest(server.url(), method=method)
    request.http_body = b""

    run(request, delegate := RecordingDelegate())

    assert delegate.named("task_did_complete")[0].args[-1] is None
    received = server.requests[-1]
    has_none = method in ("GET", "HEAD")
    assert received.header("Content-Length") == (None if has_none else "0")
    assert received.header("Content-Type") is None


@pytest.mark.parametrize(
    ("method", "given", "sent"),
    [
        ("POST", None, FORM),
        ("POST", "text/plain", "text/plain"),
        ("PUT", None, None),
        ("PATCH", None, None),
    ],
)
@pytest.mark.parametrize(
    "make",
    [lambda: io.BytesIO(b"x"), lambda: [b"x"], lambda: iter([b"x"])],
    ids=["file", "list", "iterator"],
)
@pytest.mark.parity("6:POST with body, no Content-Type")
def test_streamed_post_is_a_form_unless_it_says_otherwise(
    server: LoopbackServer,
    method: str,
    given: str | None,
    sent: str | None,
    make: Callable[[], Any],
) -> None:
    """As Foundation has it of any body, in memory or not."""
    headers = {} if given is None else {"content-type": given}
    with URLSession() as session:
        request = URLRequest(
            server.url(), method=method, headers=headers, body_stream=make()
        )
        session.data(request).result(5)

    received = server.requests[-1]
    assert received.body == b"x"
    assert received.header("Content-Type") == sent


@pytest.mark.parity("6:POST with body, no Content-Type")
def test_posted_file_is_a_form_unless_it_is_empty(
    server: LoopbackServer, tmp_path: Path
) -> None:
    """As for bytes."""
    (full := tmp_path / "full").write_bytes(b"x")
    (empty := tmp_path / "empty").write_bytes(b"")
    with URLSession() as session:
        for path in (full, empty):
            session.upload(server.url(), from_file=path).result(5)

    assert [one.header("Content-Type") for one in server.requests] == [FORM, None]


# -- what is no reply, and no request --------------------------------------------------


STATUS_LINES = [
    b"HTTP/1.1\r\n\r\n\r\n",
    b"HTTP/1.1 20 Too Few\r\n\r\n",
    b"HTTP/1.1 2000 Too Many\r\n\r\n",
    b"HTTP/1.0 2001\r\n\r\n",
]


@pytest.mark.parametrize("line", STATUS_LINES, ids=lambda line: line.strip().decode())
@pytest.mark.parametrize("is_told", [True, False], ids=["delegate", "awaited"])
@pytest.mark.parity("8:badServerResponse (-1011)")
def test_status_without_three_digits_is_no_reply(
    serve: Serve, line: bytes, is_told: bool
) -> None:
    """RFC 9112, 4: whoever waits is told, and gets no response."""

    def garbled(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(line)
        connection.close()

    url = serve(garbled).url()
    if is_told:
        run(url, delegate := RecordingDelegate())
        error = delegate.named("task_did_complete")[0].args[-1]
        assert delegate.count(RESPONSE) == 0
    else:
        with URLSession() as session, pytest.raises(URLError) as caught:
            session.data(url).result(5)
        error = caught.value

    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.BAD_SERVER_RESPONSE


@pytest.mark.parametrize("status", [299, 599, 999])
def test_status_that_nobody_knows_is_a_reply(serve: Serve, status: int) -> None:
    """Three digits are enough."""
    with URLSession() as session:
        url = serve(answering(lambda _request: (status, [], b"x"))).url()
        reply = session.data(url).result(5)

    assert (reply.status_code, reply.data) == (status, b"x")


@pytest.mark.parametrize("url", [None, ""], ids=["None", "empty"])
@pytest.mark.parity("6:url", "8:unsupportedURL (-1002)")
def test_request_without_a_url_fails_when_it_runs(url: str | None) -> None:
    """With -1002, told like any other end."""
    request = URLRequest("http://host/")
    request.url = url  # type: ignore[assignment]  # Foundation's nil
    with URLSession() as session:
        task = session.data_task(request)
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL
    assert task.error is caught.value
