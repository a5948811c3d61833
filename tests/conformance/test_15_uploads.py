"""Section 15: what HTTP does with the body of an upload."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    HTTPURLResponse,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate, ServerConnection, echo_handler
from urlsession.testing.h2_server import H2Handler, H2Stream

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

LARGE = bytes(range(256)) * 8192  # 2 MiB


def answer(stream: H2Stream) -> None:
    """Answer with the body's length."""
    stream.respond(200, [], str(len(stream.request.body)).encode())


def slow_pieces(count: int, size: int) -> Iterator[bytes]:
    """Give a body now and then."""
    for _ in range(count):
        threading.Event().wait(0.005)
        yield bytes(size)


async def awaited_pieces(count: int, size: int) -> AsyncIterator[bytes]:
    """Give a body now and then."""
    for _ in range(count):
        await asyncio.sleep(0.005)
        yield bytes(size)


def trusting(ca: CertificateAuthority) -> URLSessionConfiguration:
    """Return a configuration that trusts the suite's servers."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.path
    return configuration


@pytest.mark.parity("15:HTTP/2, HTTP/3", "6:stream body")
@pytest.mark.parametrize("make", [slow_pieces, awaited_pieces])
@pytest.mark.parametrize("size", [10, 200_000], ids=["small", "beyond-the-window"])
def test_slow_sources_share_a_connection(
    serve: Serve, ca: CertificateAuthority, make: Any, size: int
) -> None:
    """Over HTTP/2 each stream pauses on its own."""
    context = ca.server_context(alpn=("h2", "http/1.1"))
    server = serve(H2Handler(answer), tls=context)

    async def main() -> list[bytes]:
        async with URLSession(trusting(ca)) as session:
            await session.data(server.url())  # then all know that it is HTTP/2
            tasks = [
                session.upload(server.url(f"/{n}"), from_data=make(10, size))
                for n in range(8)
            ]
            return [(await task).data for task in tasks]

    assert asyncio.run(main()) == [str(10 * size).encode()] * 8
    assert server.accepted == 1


@pytest.mark.parametrize("kind", ["file", "iterable", "async"])
def test_body_goes_over_tls(
    serve: Serve, ca: CertificateAuthority, tmp_path: Path, kind: str
) -> None:
    """With the session tickets that a server sends meanwhile."""
    path = tmp_path / "body"
    path.write_bytes(LARGE)
    body: dict[str, Any] = {"from_file": path}
    if kind != "file":
        make = slow_pieces if kind == "iterable" else awaited_pieces
        body = {"from_data": make(8, len(LARGE) // 8)}
    server = serve(echo_handler, tls=ca.server_context(alpn=("http/1.1",)))
    with URLSession(trusting(ca)) as session:
        session.upload(server.url(), **body).result(10)

    assert len(server.requests[0].body) == len(LARGE)


@pytest.mark.parametrize("make", [slow_pieces, awaited_pieces])
def test_suspended_upload_waits_and_goes_on(serve: Serve, make: Any) -> None:
    """Its source may have more meanwhile; nothing of it is sent."""
    server = serve(echo_handler)
    with URLSession() as session:
        task = session.upload(server.url(), from_data=make(20, 1000))
        task.suspend()
        with pytest.raises(TimeoutError):
            task.result(0.3)
        task.resume()
        task.result(10)

    assert len(server.requests[0].body) == 20_000


@pytest.mark.parity("15:redirects 305 to 308")
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("kind", ["data", "file", "list"])
def test_body_is_sent_again_where_a_redirect_leads(
    serve: Serve, tmp_path: Path, status: int, kind: str
) -> None:
    """Whole, with its method."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/old":
                connection.send_response(status, [("Location", "/new")])
            else:
                connection.send_response(200)

    path = tmp_path / "body"
    path.write_bytes(LARGE)
    bodies: dict[str, dict[str, Any]] = {
        "data": {"from_data": LARGE},
        "file": {"from_file": path},
        "list": {"from_data": [LARGE[:9], LARGE[9:]]},
    }
    server = serve(handle)
    with URLSession() as session:
        request = URLRequest(server.url("/old"), method="PUT")
        session.upload(request, **bodies[kind]).result(10)

    assert [(one.method, one.body) for one in server.requests] == [("PUT", LARGE)] * 2


@pytest.mark.parity("15:redirects 305 to 308", "8:requestBodyStreamExhausted (-1021)")
def test_body_that_is_used_up_cannot_follow_a_redirect(serve: Serve) -> None:
    """-1021: nobody can give it again."""

    def handle(connection: ServerConnection) -> None:
        if connection.recv_request():
            connection.send_response(307, [("Location", "/new")])

    pieces = slow_pieces(2, 10)
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.upload(serve(handle).url(), from_data=pieces).result(5)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED


@pytest.mark.parity("4:URLSession:task:didReceiveInformationalResponse:")
@pytest.mark.parametrize("kind", ["data", "upload"])
def test_informational_responses_are_told_before_the_final_one(
    serve: Serve, kind: str
) -> None:
    """Each 1xx, in order, with its fields; none of them is the response."""

    def handle(connection: ServerConnection) -> None:
        if connection.recv_request():
            connection.send_response(102)
            connection.send_response(103, [("Link", "</style.css>; rel=preload")])
            connection.send_response(103, [("Link", "</more.css>; rel=preload")])
            connection.send_response(200, body=b"done")

    delegate = RecordingDelegate()
    server = serve(handle)
    with URLSession(delegate=delegate) as session:
        if kind == "data":
            task = session.data_task(server.url())
        else:
            task = session.upload_task(server.url(), from_data=b"x")
        task.resume()
        assert task.result(5).status_code == 200

    name = "task_did_receive_informational_response"
    told = [call.args[1] for call in delegate.named(name)]
    found = [
        (one.status_code, one.value("Link"))
        for one in told
        if isinstance(one, HTTPURLResponse)
    ]
    assert found == [
        (102, None),
        (103, "</style.css>; rel=preload"),
        (103, "</more.css>; rel=preload"),
    ]
    names = [one for one in delegate.names if "response" in one]
    assert names == [name] * 3 + ["data_task_did_receive_response"]


def test_expectation_is_kept_until_the_server_continues(serve: Serve) -> None:
    """A user may ask for 100 (Continue); the answer may be no."""

    def refuse(connection: ServerConnection) -> None:
        head = connection.recv_head()
        assert head is not None
        connection.send_response(417, [("Connection", "close")])

    server = serve(refuse)
    request = URLRequest(server.url(), method="PUT", headers={"Expect": "100-continue"})
    asked = threading.Event()

    def pieces() -> Iterator[bytes]:
        asked.set()
        yield b"x"

    with URLSession() as session:
        reply = session.upload(request, from_data=pieces()).result(5)

    assert reply.status_code == 417
    assert not asked.is_set()
