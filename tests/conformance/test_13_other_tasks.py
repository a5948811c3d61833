"""Challenges of tasks that are no data tasks: the same questions, the same answers."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    URLCredential,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate, ServerConnection, answering

from .auth_server import basic, basic_value
from .web_socket_peer import Peer

if TYPE_CHECKING:
    from urlsession.testing.certificates import CertificateAuthority

    from ..conftest import Serve

USE = AuthChallengeDisposition.USE_CREDENTIAL
CANCEL = AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
TASK, SESSION = "task_did_receive_challenge", "session_did_receive_challenge"
ME = URLCredential("me", "s3cret")


def trusting(_session: object, challenge: Any) -> Any:
    """Trust whoever it is."""
    return USE, URLCredential.for_trust(challenge.protection_space.server_trust)


def test_download_is_let_in(serve: Serve) -> None:
    """The file is that of the second response."""
    server = serve(answering(basic()))
    kept: list[bytes] = []
    delegate = RecordingDelegate(
        {
            TASK: (USE, ME),
            "download_task_did_finish_downloading": lambda _s, _t, path: kept.append(
                Path(path).read_bytes()
            ),
        }
    )
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.download_task(server.url()).resume()
        delegate.wait_for("task_did_complete")

    assert kept == [b"welcome "]
    assert delegate.count(TASK) == 1


def test_refused_download_is_the_responses_body(serve: Serve) -> None:
    """As with any other status."""
    server = serve(answering(basic(body=b"no")))
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        path, response = session.download(server.url()).result(timeout=10)
        data = Path(path).read_bytes()
        Path(path).unlink()

    assert (data, response.status_code) == (b"no", 401)


@pytest.mark.parametrize("source", ["data", "stream"])
def test_upload_is_sent_again(serve: Serve, source: str) -> None:
    """A stream is asked for once more."""
    server = serve(answering(basic()))
    delegate = RecordingDelegate(
        {TASK: (USE, ME), "task_need_new_body_stream": lambda *_: io.BytesIO(b"abc")}
    )
    request = URLRequest(server.url(), method="POST")
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        if source == "data":
            task = session.upload_task(request, from_data=b"abc")
        else:
            task = session.upload_task(request, streamed=True)
        task.resume()
        delegate.wait_for("task_did_complete")

    assert delegate.received == b"welcome abc"
    assert [one.body for one in server.requests][-1] == b"abc"
    expected = 0 if source == "data" else 2
    assert delegate.count("task_need_new_body_stream") == expected


def guarded_echo(connection: ServerConnection) -> None:
    """Be a WebSocket that wants a password."""
    while request := connection.recv_request():
        if request.header("Authorization") != basic_value("me", "s3cret"):
            field = ("WWW-Authenticate", 'Basic realm="r"')
            connection.send_response(401, [field], b"no")
            continue
        peer = Peer(connection, request)
        peer.accept()
        peer.echo()
        return


@pytest.mark.parametrize("tls", [False, True])
def test_web_socket_is_let_in(
    serve: Serve, ca: CertificateAuthority, tls: bool
) -> None:
    """Trust first, then the password, then it opens."""
    server = serve(guarded_echo, tls=ca.unknown_root_context() if tls else False)
    delegate = RecordingDelegate({TASK: (USE, ME), SESSION: trusting})

    async def run() -> object:
        configuration = URLSessionConfiguration.ephemeral()
        async with URLSession(configuration, delegate) as session:
            task = session.web_socket_task(server.url().replace("http", "ws", 1))
            task.resume()
            await task.send("hello")
            message = await task.receive()
            task.cancel()
            return message

    assert asyncio.run(run()) == "hello"
    assert delegate.count(TASK) == 1
    assert delegate.count(SESSION) == int(tls)
    assert delegate.names.index(TASK) < delegate.names.index("web_socket_task_did_open")


def test_web_socket_that_is_cancelled_at_its_challenge(serve: Serve) -> None:
    """It never opens."""
    server = serve(guarded_echo)
    delegate = RecordingDelegate({TASK: (CANCEL, None)})

    async def run() -> URLErrorCode:
        configuration = URLSessionConfiguration.ephemeral()
        async with URLSession(configuration, delegate) as session:
            task = session.web_socket_task(server.url().replace("http", "ws", 1))
            task.resume()
            with pytest.raises(URLError) as failure:
                await task.receive()
            return failure.value.code

    assert asyncio.run(run()) is URLErrorCode.CANCELLED
    assert delegate.count("web_socket_task_did_open") == 0


def test_either_loop(
    serve: Serve,
    ca: CertificateAuthority,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """Trust and a password, twenty at once, by asyncio and uvloop."""
    server = serve(answering(basic()), tls=ca.unknown_root_context())
    delegate = RecordingDelegate({TASK: (USE, ME), SESSION: trusting})

    async def run() -> set[bytes]:
        configuration = URLSessionConfiguration.ephemeral()
        async with URLSession(configuration, delegate) as session:
            tasks = [session.data(server.url(f"/{n}")) for n in range(20)]
            return {(await task).data for task in tasks}

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(run()) == {b"welcome "}


@pytest.mark.parity("1:reset(completionHandler:)")
def test_reset_forgets_what_was_answered(serve: Serve) -> None:
    """The storage is empty, and nothing is sent from the start."""
    server = serve(answering(basic()))
    delegate = RecordingDelegate({TASK: (USE, ME)})
    configuration = URLSessionConfiguration.ephemeral()
    storage = configuration.url_credential_storage
    assert storage is not None
    with URLSession(configuration, delegate) as session:
        session.data(server.url()).result(timeout=10)
        assert storage.all_credentials
        session.reset()
        assert storage.all_credentials == {}
        session.data(server.url()).result(timeout=10)

    assert delegate.count(TASK) == 2
