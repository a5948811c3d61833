"""The order of a WebSocket task's callbacks."""

from __future__ import annotations

import asyncio
import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from urlsession import (
    AuthChallengeDisposition,
    TaskState,
    URLCredential,
    URLError,
    URLErrorCode,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import RecordingDelegate

from ..conftest import Serve
from .web_socket_peer import CLOSE, Peer, web_socket_handler

pytestmark = pytest.mark.parity("17:WebSocket")

OPEN, CLOSED = "web_socket_task_did_open", "web_socket_task_did_close"
END = ["task_did_finish_collecting_metrics", "task_did_complete"]


def url_of(server: Any) -> str:
    """Return the server's address for WebSockets."""
    return str(server.url("/")).replace("http", "ws", 1)


def code_of(delegate: RecordingDelegate) -> URLErrorCode | None:
    """Return what `task_did_complete` was told."""
    error = delegate.wait_for("task_did_complete").args[1]
    assert error is None or isinstance(error, URLError)
    return None if error is None else error.code


@pytest.mark.parity(
    "4:webSocketTask:didOpenWithProtocol:", "4:webSocketTask:didCloseWithCode:reason:"
)
def test_server_closes(serve: Serve) -> None:
    """Open, close, the calls that wait fail with -1005, then the task completes."""

    def talk(peer: Peer) -> None:
        peer.accept([("Sec-WebSocket-Protocol", "p")])
        peer.recv()
        peer.close(1001, b"restart")
        peer.recv_until_close()

    server = serve(web_socket_handler(talk, accepts=False))
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.web_socket_task(url_of(server), ["p"])
        failed: list[object] = []
        for call in (task.receive, task.send_ping):
            call(lambda _value, error: failed.append((error.code, delegate.names[-1])))  # type: ignore[union-attr]  # it fails
        task.resume()
        assert code_of(delegate) is None
        assert task.state is TaskState.COMPLETED

    lost = URLErrorCode.NETWORK_CONNECTION_LOST
    assert delegate.names[:-1] == ["did_create_task", OPEN, CLOSED, *END]
    assert failed == [(lost, CLOSED)] * 2
    assert delegate.named(OPEN)[0].args == (task, "p")
    assert delegate.named(CLOSED)[0].args == (task, 1001, b"restart")


@pytest.mark.parity("4:webSocketTask:didCloseWithCode:reason:")
@pytest.mark.parametrize("how", ["fin", "reset", "at once"])
def test_connection_is_lost(serve: Serve, how: str) -> None:
    """Without a close frame there is no close callback, only the error."""

    def talk(peer: Peer) -> None:
        if how != "at once":
            peer.recv()
        if how == "reset":
            peer.connection.reset()

    server = serve(web_socket_handler(talk))
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.web_socket(url_of(server))
        task.send("x")
        with pytest.raises(URLError):
            task.receive().result(5)
        assert code_of(delegate) is URLErrorCode.NETWORK_CONNECTION_LOST

    assert delegate.names[:-1] == ["did_create_task", OPEN, *END]
    assert task.close_code == 1006


def test_handshake_is_refused(serve: Serve) -> None:
    """No open callback; -1011."""

    def talk(peer: Peer) -> None:
        peer.connection.send_response(403, body=b"no")
        peer.connection.recv()

    server = serve(web_socket_handler(talk, accepts=False))
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        session.web_socket(url_of(server))
        assert code_of(delegate) is URLErrorCode.BAD_SERVER_RESPONSE

    assert delegate.names[:-1] == ["did_create_task", *END]


def test_cancel_closes_when_the_server_answers(serve: Serve) -> None:
    """The close callback comes with the server's answer, then -999."""
    go = threading.Event()

    def talk(peer: Peer) -> None:
        frames = peer.recv_until_close()
        go.wait(5)
        peer.send(CLOSE, frames[-1].payload)

    server = serve(web_socket_handler(talk))
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.web_socket(url_of(server))
        delegate.wait_for(OPEN)
        task.cancel(4242, "enough")
        assert task.state is TaskState.CANCELING
        assert delegate.count(CLOSED) == 0
        go.set()
        assert code_of(delegate) is URLErrorCode.CANCELLED

    assert delegate.names[:-1] == ["did_create_task", OPEN, CLOSED, *END]
    assert delegate.named(CLOSED)[0].args == (task, 4242, b"enough")


def test_cancel_before_it_is_open(serve: Serve) -> None:
    """Neither open nor close; -999."""
    server = serve(lambda connection: connection.hold())
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.web_socket(url_of(server))
        server.wait_accepted(1)
        task.cancel(1000)
        assert code_of(delegate) is URLErrorCode.CANCELLED

    assert delegate.names[:-1] == ["did_create_task", *END]
    assert task.close_code == 0


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize("is_awaited", [False, True])
def test_redirects_are_asked_about_before_it_opens(
    serve: Serve, is_awaited: bool
) -> None:
    """The delegate may go elsewhere, or refuse and have the task fail with -1011."""

    def talk(peer: Peer) -> None:
        if peer.request.target != "/there":
            peer.connection.send_response(302, [("Location", "/new")])
            peer.connection.recv()
            return
        peer.accept()
        peer.echo()

    server = serve(web_socket_handler(talk, accepts=False))

    def elsewhere(_session: object, _task: object, _response: object, new: Any) -> Any:
        assert new.url == url_of(server) + "new"
        new.url = url_of(server) + "there"
        return answer(new) if is_awaited else new

    async def answer(value: object) -> object:
        await asyncio.sleep(0)
        return value

    decide: Callable[..., Any | Awaitable[Any]] = elsewhere
    redirect = "task_will_perform_http_redirection"
    delegate = RecordingDelegate({redirect: decide})
    with URLSession(delegate=delegate) as session:
        with session.web_socket(url_of(server)) as ws:
            ws.send("x")
            assert ws.receive().result(5) == "x"
    assert delegate.names[:3] == ["did_create_task", redirect, OPEN]

    delegate = RecordingDelegate({redirect: lambda *_: None})
    with URLSession(delegate=delegate) as session:
        session.web_socket(url_of(server))
        assert code_of(delegate) is URLErrorCode.BAD_SERVER_RESPONSE
    assert delegate.names[:-1] == ["did_create_task", redirect, *END]


def test_task_delegate_comes_before_the_session_delegate(serve: Serve) -> None:
    """Method by method."""
    server = serve(web_socket_handler(lambda peer: peer.echo()))

    class OnlyOpen:
        def __init__(self) -> None:
            self.protocols: list[object] = []

        def web_socket_task_did_open(
            self, _session: object, _task: object, protocol: object
        ) -> None:
            self.protocols.append(protocol)

    own, delegate = OnlyOpen(), RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        with session.web_socket(url_of(server), delegate=own) as ws:
            delegates = [ws.delegate]
        delegates.append(ws.delegate)

    assert delegates == [own, None]
    assert [str(one) for one in own.protocols] == ["None"]
    assert delegate.count(OPEN) == 0
    assert delegate.count(CLOSED) == 1


@pytest.mark.parity("3.3:handshake", "13:effects of the dispositions")
@pytest.mark.parametrize("answer", ["credential", "default", "cancel"])
def test_challenges_come_before_it_opens(serve: Serve, answer: str) -> None:
    """A credential opens it; without one it is refused; cancelled it is cancelled."""
    right = "Basic " + b64encode(b"user:secret").decode()

    def talk(peer: Peer) -> None:
        if peer.request.header("Authorization") == right:
            peer.accept()
            peer.echo()
            return
        fields = [("WWW-Authenticate", 'Basic realm="chat"')]
        peer.connection.send_response(401, fields, b"who are you?")
        peer.connection.recv()

    credential = URLCredential("user", "secret", URLCredential.Persistence.NONE)
    answers: dict[str, tuple[AuthChallengeDisposition, URLCredential | None]] = {
        "credential": (AuthChallengeDisposition.USE_CREDENTIAL, credential),
        "default": (AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None),
        "cancel": (AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE, None),
    }
    server = serve(web_socket_handler(talk, accepts=False))
    asked = "task_did_receive_challenge"
    delegate = RecordingDelegate({asked: answers[answer]})
    configuration = URLSessionConfiguration.ephemeral()
    with URLSession(configuration, delegate=delegate) as session:
        task = session.web_socket(url_of(server))
        call = task.send("x")
        if answer == "credential":
            call.result(5)
            assert task.receive().result(5) == "x"
            task.cancel(1000)
        code = code_of(delegate)

    if answer == "credential":
        assert delegate.names[:3] == ["did_create_task", asked, OPEN]
    else:
        assert delegate.names[:-1] == ["did_create_task", asked, *END]
        refused = answer == "default"
        assert code is (
            URLErrorCode.BAD_SERVER_RESPONSE if refused else URLErrorCode.CANCELLED
        )
