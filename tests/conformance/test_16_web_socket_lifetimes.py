"""A WebSocket's connection: in the ledger, never pooled, gone when it must be."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from urlsession import (
    ClosedBy,
    Connection,
    ConnectionEvent,
    ConnectionState,
    URLError,
    URLErrorCode,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    ReceivedRequest,
    RecordingDelegate,
    ServerConnection,
    tcp_state,
    wait_until,
)

from ..conftest import Serve
from .web_socket_peer import CLOSE, Frame, Peer, web_socket_handler

pytestmark = pytest.mark.parity("16.4:connection per WebSocket")


class Listening:
    """A server's handler that echoes and notes how each WebSocket ended.

    Attributes:
        frames: The last frame of each client.
        ended: Set when a client's FIN has come.
    """

    def __init__(self, *, answers_close: bool = True) -> None:
        self.frames: list[Frame | None] = []
        self.ended = threading.Event()
        self._answers_close = answers_close

    def __call__(self, peer: Peer) -> None:
        """Read to the end."""
        frames = peer.recv_until_close()
        self.frames.append(frames[-1] if frames else None)
        if frames and self._answers_close:
            peer.send(CLOSE, frames[-1].payload)
        if peer.has_ended():
            self.ended.set()


def url_of(server: Any) -> str:
    """Return the server's address for WebSockets."""
    return str(server.url("/")).replace("http", "ws", 1)


def test_open_web_socket_is_one_active_connection(serve: Serve) -> None:
    """One row, established, owned by the session; nothing is left in the pool."""
    listening = Listening()
    server = serve(web_socket_handler(listening))
    events: list[ConnectionEvent] = []

    def note(event: ConnectionEvent, _connection: Connection) -> None:
        events.append(event)

    with URLSession() as session:
        session.add_connection_listener(note)
        with session.web_socket(url_of(server)) as ws:
            ws.send("x").result(5)
            (connection,) = session.connections()
            assert connection.state is ConnectionState.ACTIVE
            assert connection.owner.ref() is session
            assert tcp_state(connection.local[1]) == "ESTABLISHED"  # type: ignore[index]  # it is connected
        assert session.connections() == []
        assert listening.ended.wait(5)

    assert events == [ConnectionEvent.OPENED, ConnectionEvent.CLOSED]
    assert ws.metrics is not None
    (transaction,) = ws.metrics.transaction_metrics
    assert transaction.connection_id == connection.id
    assert transaction.network_protocol_name == "http/1.1"
    assert transaction.connect_end_date is not None
    assert transaction.response is ws.response
    assert transaction.request.url == url_of(server)


def test_web_sockets_keep_no_load_waiting(serve: Serve) -> None:
    """They count against no limit for their host: six would stop every load."""

    def handle(connection: ServerConnection) -> None:
        request = connection.recv_request()
        while request is not None and request.header("Upgrade") is None:
            connection.send_response(body=b"loaded")
            request = connection.recv_request()
        if isinstance(request, ReceivedRequest):
            peer = Peer(connection, request)
            peer.accept()
            Listening()(peer)

    server = serve(handle)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = 2
    with URLSession(configuration) as session:
        sockets = [session.web_socket(url_of(server)) for _ in range(8)]
        for ws in sockets:
            ws.opened().result(5)
        assert session.data(server.url("/")).result(5).data == b"loaded"
        assert len(session.connections()) == 9
        assert len(session.all_tasks()) == 8


def end_by_invalidation(session: URLSession) -> None:
    """Cancel what runs."""
    session.invalidate_and_cancel()


def end_by_leaving(session: URLSession) -> None:
    """Leave the session's block."""
    session.__exit__(None, None, None)


def end_by_leaving_with_error(session: URLSession) -> None:
    """Leave the session's block by an exception."""
    session.__exit__(ValueError, None, None)


@pytest.mark.parametrize(
    "end", [end_by_invalidation, end_by_leaving, end_by_leaving_with_error]
)
def test_session_end_closes_it(serve: Serve, end: Callable[[URLSession], None]) -> None:
    """The server is told 1001 and gets FIN; the task ends with -999."""
    listening = Listening()
    server = serve(web_socket_handler(listening))
    session = URLSession()
    ws = session.web_socket(url_of(server))
    ws.opened().result(5)
    waiting = ws.receive()

    end(session)

    assert listening.ended.wait(5)
    assert [one and one.close_code for one in listening.frames] == [1001]
    with pytest.raises(URLError) as caught:
        waiting.result(5)
    assert caught.value.code is URLErrorCode.CANCELLED
    assert ws.error is not None
    assert ws.error.code is URLErrorCode.CANCELLED
    assert wait_until(lambda: not session._core.web_socket_pool.connections())


def test_invalidation_does_not_wait_for_a_silent_peer(serve: Serve) -> None:
    """`invalidate_and_cancel` sends FIN at once, whether the close is answered or not."""
    listening = Listening(answers_close=False)
    server = serve(web_socket_handler(listening))
    session = URLSession()
    ws = session.web_socket(url_of(server))
    ws.opened().result(5)

    began = time.monotonic()
    session.invalidate_and_cancel()

    assert listening.ended.wait(5)
    assert time.monotonic() - began < 1
    assert ws.close_code == 1001


def test_finish_tasks_lets_it_go_on(serve: Serve) -> None:
    """An open WebSocket is a running task: it ends the session when it ends."""
    server = serve(web_socket_handler(lambda peer: peer.echo()))
    delegate = RecordingDelegate()
    session = URLSession(delegate=delegate)
    ws = session.web_socket(url_of(server))
    ws.opened().result(5)

    session.finish_tasks_and_invalidate()
    ws.send("still")
    assert ws.receive().result(5) == "still"
    assert delegate.count("session_did_become_invalid") == 0
    ws.cancel(1000)

    delegate.wait_for("session_did_become_invalid")
    assert delegate.names[-2:] == ["task_did_complete", "session_did_become_invalid"]


@pytest.mark.parametrize("door", ["asyncio", "blocking"])
def test_dropped_task_is_closed(serve: Serve, door: str) -> None:
    """Nobody can use it any more: the server is told 1001 and gets FIN."""
    listening = Listening()
    server = serve(web_socket_handler(listening))

    async def main() -> None:
        async with URLSession() as session:
            ws = session.web_socket(url_of(server))
            await ws.send("x")
            await ws.opened()
            assert session.all_tasks() == [ws]
            del ws
            assert await asyncio.to_thread(listening.ended.wait, 5)
            assert session.connections() == []
            assert session.all_tasks() == []

    if door == "asyncio":
        asyncio.run(main())
    else:
        with URLSession() as session:
            ws = session.web_socket(url_of(server))
            ws.opened().result(5)
            del ws
            assert listening.ended.wait(5)
            assert session.connections() == []

    assert [one and one.close_code for one in listening.frames] == [1001]


def test_task_in_a_cycle_is_closed_by_the_collector(serve: Serve) -> None:
    """A cycle of the user's holds it until the collector comes."""
    listening = Listening()
    server = serve(web_socket_handler(listening))
    with URLSession() as session:
        ws = session.web_socket(url_of(server))
        ws.opened().result(5)
        ws.cycle = ws  # type: ignore[attr-defined]  # that is the cycle
        del ws
        gc.collect()
        assert listening.ended.wait(5)


def test_call_that_waits_keeps_the_task(serve: Serve) -> None:
    """Whoever waits for a message can be given one."""
    go = threading.Event()

    def talk(peer: Peer) -> None:
        go.wait(5)
        peer.send(1, b"late")
        Listening()(peer)

    server = serve(web_socket_handler(talk))
    with URLSession() as session:
        ws = session.web_socket(url_of(server))
        ws.opened().result(5)
        waiting = ws.receive()
        del ws
        gc.collect()
        go.set()
        assert waiting.result(5) == "late"


def test_delegate_keeps_the_task(serve: Serve) -> None:
    """With somebody to tell of its end, a task that the program dropped goes on."""
    go = threading.Event()

    def talk(peer: Peer) -> None:
        go.wait(5)
        peer.close(4000, b"bye")
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        session.web_socket(url_of(server))
        delegate.wait_for("web_socket_task_did_open")
        gc.collect()
        go.set()
        call = delegate.wait_for("web_socket_task_did_close")
        delegate.wait_for("task_did_complete")

    assert call.args[1:] == (4000, b"bye")


def test_dropped_session_and_task_leave_nothing(serve: Serve) -> None:
    """The task holds its session while it runs; together they go."""
    listening = Listening()
    server = serve(web_socket_handler(listening))
    session = URLSession()
    ws = session.web_socket(url_of(server))
    ws.opened().result(5)
    del session
    ws.send("x").result(5)

    with pytest.warns(ResourceWarning, match="never invalidated"):
        del ws

    assert listening.ended.wait(5)


def test_peer_that_resets_is_a_lost_connection(serve: Serve) -> None:
    """RST: -1005, 1006 and the ledger says so."""

    def talk(peer: Peer) -> None:
        peer.recv()
        peer.connection.reset()

    server = serve(web_socket_handler(talk))
    closed: list[Connection] = []

    def note(event: ConnectionEvent, connection: Connection) -> None:
        if event is ConnectionEvent.CLOSED:
            closed.append(connection)

    with URLSession() as session:
        session.add_connection_listener(note)
        with session.web_socket(url_of(server)) as ws:
            ws.send("x")
            with pytest.raises(URLError) as caught:
                ws.receive().result(5)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert ws.close_code == 1006
    assert [one.closed_by for one in closed] == [ClosedBy.RESET]


PROGRAM = """
import sys, threading
from urlsession import URLSession

session = URLSession()
ws = session.web_socket(sys.argv[1])
ws.send("x").result(5)
ws.opened().result(5)
threading.Thread(target=lambda: ws.receive().result(), daemon=True).start()
"""


@pytest.mark.slow
def test_process_end_closes_it_in_silence(serve: Serve) -> None:
    """At exit FIN goes out, no callbacks and no warnings."""
    listening = Listening()
    server = serve(web_socket_handler(listening))

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, url_of(server)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert listening.ended.wait(5) or listening.frames == [Frame(1, b"x")]


FORKING = """
import os, sys
from urlsession import URLError, URLSession, UsageError

session = URLSession()
ws = session.web_socket(sys.argv[1])
ws.opened().result(5)
waiting = ws.receive()
(connection,) = session.connections()
if (child := os.fork()) == 0:
    failed = 0
    for call in (waiting, ws.receive(), ws.send("from the child"), ws.send_ping(), ws):
        try:
            call.result(5)
        except URLError:
            failed += 1
    try:
        session.web_socket(sys.argv[1])
    except UsageError:
        failed += 1
    sockets = [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3, 40)
               if os.path.exists(f"/proc/self/fd/{fd}")]
    has_socket = f"socket:[{connection.inode}]" in sockets
    os._exit(0 if failed == 6 and not has_socket else 1)
assert os.waitpid(child, 0)[1] == 0, "the child has it too"
ws.send("from the parent")
assert waiting.result(5) == "from the parent"
session.invalidate_and_cancel()
"""


@pytest.mark.slow
def test_fork_leaves_it_to_the_parent(serve: Serve) -> None:
    """Calls fail in the child, which has no socket; the parent's goes on."""
    server = serve(web_socket_handler(Peer.echo))

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING, url_of(server)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert (run.returncode, run.stderr) == (0, "")
