"""WebSocket tasks: what the calls promise, in both doors."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from urlsession import (
    TaskState,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionWebSocketTask,
    UsageError,
    WebSocketCloseCode,
)
from urlsession.testing import ServerConnection, wait_until
from urlsession.testing.certificates import CertificateAuthority

from ..conftest import Serve
from .web_socket_peer import CLOSE, PING, PONG, TEXT, Frame, Peer, web_socket_handler

MEMORY_LIMIT = 6 * 1024 * 1024  # bytes that may wait in the client, kernel and server


def echo(peer: Peer) -> None:
    """Be an echo server."""
    peer.echo()


def url_of(server: Any) -> str:
    """Return the server's address for WebSockets."""
    return str(server.url("/")).replace("http", "ws", 1)


@pytest.mark.parity(
    "1:webSocketTask(with: URL)",
    "3.3:send",
    "3.3:receive",
    "3.3:Message",
    "16.5:data, WebSocket, stream tasks",
    "18:18 #4730, #5431 WebSocket",
)
def test_messages_come_back_in_either_door(
    serve: Serve, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Text is str and binary is bytes, one message for each call, in order."""
    server = serve(web_socket_handler(echo))
    sent: list[Any] = [
        "one",
        b"two",
        "",
        b"",
        "drei µ",
        bytearray(b"four"),
        memoryview(b"five"),
    ]
    expected = ["one", b"two", "", b"", "drei µ", b"four", b"five"]

    async def main() -> list[str | bytes]:
        async with URLSession() as session:
            async with session.web_socket(url_of(server)) as ws:
                for message in sent:
                    await ws.send(message)
                return [await ws.receive() for _ in sent]

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(main()) == expected
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        for message in sent:
            ws.send(message).result()
        assert [ws.receive().result() for _ in sent] == expected


@pytest.mark.parity("1:webSocketTask(with: URL)")
def test_task_is_made_suspended(serve: Serve) -> None:
    """Nothing goes out before resume; what was called before it waits."""
    server = serve(web_socket_handler(echo))

    with URLSession() as session:
        task = session.web_socket_task(url_of(server))
        assert task.state is TaskState.SUSPENDED
        sending, receiving = task.send("early"), task.receive()
        with pytest.raises(UsageError, match="never resumed"):
            receiving.result()
        assert not server.connections
        task.resume()
        sending.result(5)
        assert receiving.result(5) == "early"
        task.cancel()


@pytest.mark.parity("1:webSocketTask(with: URL, protocols:)")
def test_subprotocols_are_offered_in_order(serve: Serve) -> None:
    """The server's choice is the task's; more than a name is refused at once."""
    offered: list[str | None] = []

    def talk(peer: Peer) -> None:
        offered.append(peer.request.header("Sec-WebSocket-Protocol"))
        peer.accept([("Sec-WebSocket-Protocol", "v1")])
        peer.echo()

    server = serve(web_socket_handler(talk, accepts=False))
    with URLSession() as session:
        with session.web_socket(url_of(server), ["v2", "v1"]) as ws:
            assert ws.protocol == "v1"
        for bad in (["a b"], ["a", "a"], [""], ["a,b"]):
            with pytest.raises(ValueError, match="subprotocol"):
                session.web_socket(url_of(server), bad)

    assert offered == ["v2, v1"]


@pytest.mark.parity("1:webSocketTask(with: URLRequest)", "3.3:handshake")
def test_request_fields_are_kept(serve: Serve) -> None:
    """A request's own fields go out as they are; the handshake adds what it lacks."""
    requests = []

    def talk(peer: Peer) -> None:
        requests.append(peer.request)
        peer.accept([("Sec-WebSocket-Protocol", "mine")])
        peer.echo()

    server = serve(web_socket_handler(talk, accepts=False))
    request = URLRequest(
        url_of(server),
        headers={"Sec-WebSocket-Protocol": "mine", "X-Own": "1", "Origin": "http://o"},
    )
    with URLSession() as session, session.web_socket(request, ["other"]) as ws:
        assert ws.protocol == "mine"

    got = requests[0]
    assert [got.header(n) for n in ("Sec-WebSocket-Protocol", "X-Own", "Origin")] == [
        "mine",
        "1",
        "http://o",
    ]
    assert got.header("Sec-WebSocket-Version") == "13"
    assert got.header("Sec-WebSocket-Extensions") is None
    assert got.header("Accept-Encoding") is None
    assert got.header("Upgrade") == "websocket"


@pytest.mark.parity("3.3:handshake")
def test_only_a_get_can_be_a_handshake() -> None:
    """A method or a body of its own is the caller's mistake."""
    with URLSession() as session:
        for request in (
            URLRequest("ws://localhost/", method="POST"),
            URLRequest("ws://localhost/", body=b"x", method="PUT"),
        ):
            with pytest.raises(UsageError, match="GET without a body"):
                session.web_socket_task(request)


@pytest.mark.parity("1:webSocketTask(with: URL)")
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:1/", URLErrorCode.UNSUPPORTED_URL),
        ("ftp://127.0.0.1/", URLErrorCode.UNSUPPORTED_URL),
        ("ws://", URLErrorCode.BAD_URL),
        ("ws:/path", URLErrorCode.BAD_URL),
        ("ws://127.0.0.1:99999/", URLErrorCode.BAD_URL),
        ("ws://127.0.0.1:1/", URLErrorCode.CANNOT_CONNECT_TO_HOST),
    ],
)
def test_url_that_opens_no_web_socket_fails(url: str, code: URLErrorCode) -> None:
    """Every call fails as the task does, and names the URL as it was given."""
    with URLSession() as session:
        task = session.web_socket(url)
        with pytest.raises(URLError) as caught:
            task.receive().result(5)
        with pytest.raises(URLError):
            task.send("x").result(5)

    assert caught.value.code is code
    assert task.error is caught.value
    assert caught.value.failing_url == url
    assert task.close_code == 0


@pytest.mark.parity("1:webSocketTask(with: URL)")
def test_data_task_does_not_load_a_web_socket_url() -> None:
    """Ws and wss are for these tasks only."""
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data("ws://127.0.0.1:1/").result(5)

    assert caught.value.code is URLErrorCode.UNSUPPORTED_URL


@pytest.mark.parity("3.3:sendPing")
def test_pongs_come_in_order_of_the_pings(serve: Serve) -> None:
    """Each ping has its pong; one that answers the last of several answers all."""
    answered = []

    def talk(peer: Peer) -> None:
        pings = [peer.recv() for _ in range(3)]
        peer.send(PONG, b"unasked")
        peer.send(PONG, pings[1].payload)
        peer.send(PONG, pings[2].payload)
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        done = threading.Event()

        def handler(number: int) -> Callable[[object, object], None]:
            def note(_value: object, error: object) -> None:
                answered.append((number, error))
                if number == 2:
                    done.set()

            return note

        calls = [ws.send_ping(handler(n)) for n in range(3)]
        assert done.wait(5)
        assert [call.is_done for call in calls] == [True] * 3
        ws.cancel(1000)

    assert answered == [(0, None), (1, None), (2, None)]


@pytest.mark.parity("3.3:sendPing")
def test_ping_fails_when_the_connection_is_lost_first(serve: Serve) -> None:
    """A ping without a pong fails with -1005."""

    def talk(peer: Peer) -> None:
        peer.recv()

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        with pytest.raises(URLError) as caught:
            ws.send_ping().result(5)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert ws.close_code == WebSocketCloseCode.ABNORMAL_CLOSURE


@pytest.mark.parity("3.3:cancel(with:reason:)", "3.3:closeCode", "3.3:closeReason")
@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999, WebSocketCloseCode(1011)])
def test_cancel_sends_code_and_reason(serve: Serve, code: int) -> None:
    """The close frame carries both; the echo gives them back."""
    got: list[Frame] = []
    go = threading.Event()

    def talk(peer: Peer) -> None:
        got.extend(peer.recv_until_close())
        go.wait(5)
        peer.send(CLOSE, got[-1].payload)

    server = serve(web_socket_handler(talk))
    with URLSession() as session:
        with session.web_socket(url_of(server)) as ws:
            assert ws.close_code == 0
            ws.cancel(close_code=code, reason="why µ")
            assert ws.state is TaskState.CANCELING
            go.set()
        assert ws.close_code == code
        assert ws.close_reason == "why µ".encode()
        assert ws.error is not None
        assert ws.error.code is URLErrorCode.CANCELLED

    assert got == [Frame(CLOSE, code.to_bytes(2, "big") + "why µ".encode())]


@pytest.mark.parity("3.3:cancel()", "A:10 WebSocket messages")
def test_cancel_sends_no_illegal_code(serve: Serve) -> None:
    """Without a code the close frame has none: not 0."""
    got: list[Frame] = []

    def talk(peer: Peer) -> None:
        got.extend(peer.recv_until_close())
        peer.send(CLOSE)

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        ws.cancel()

    assert got == [Frame(CLOSE, b"")]
    assert ws.close_code == WebSocketCloseCode.NO_STATUS_RECEIVED


@pytest.mark.parity("3.3:cancel(with:reason:)")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, b""),
        (999, b""),
        (1005, b""),
        (1006, b""),
        (1015, b""),
        (2000, b""),
        (5000, b""),
        (None, b"reason without a code"),
        (1000, b"x" * 124),
        (1000, "µ" * 62),
        (1000, b"\xff"),
    ],
)
def test_cancel_refuses_what_cannot_be_sent(
    serve: Serve, code: int | None, reason: bytes | str
) -> None:
    """The mistake is told at the call, and the WebSocket stays open."""
    server = serve(web_socket_handler(echo))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        with pytest.raises(ValueError):  # noqa: PT011  # each its own message
            ws.cancel(code, reason)
        ws.send("still open").result(5)
        assert ws.receive().result(5) == "still open"


@pytest.mark.parity("3.3:send")
def test_messages_are_sent_before_the_close_frame(serve: Serve) -> None:
    """Cancelling drops nothing that was to be sent, and nothing goes out after it."""
    got: list[Frame] = []

    def talk(peer: Peer) -> None:
        got.extend(peer.recv_until_close())
        peer.send(CLOSE, got[-1].payload)

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        calls = [ws.send(f"{n}") for n in range(50)]
        ws.cancel(1000)
        late = ws.send("late")
        for call in calls:
            call.result(5)
        with pytest.raises(URLError) as caught:
            late.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED
    assert [one.payload for one in got[:-1]] == [b"%d" % n for n in range(50)]


@pytest.mark.slow
@pytest.mark.parity("3.3:cancel(with:reason:)")
def test_peer_that_never_answers_the_close_frame_is_left(serve: Serve) -> None:
    """The wait for the answer is bounded; then FIN goes out."""

    def talk(peer: Peer) -> None:
        peer.recv_until_close()
        peer.connection.hold()

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        began = time.monotonic()
        ws.cancel(1000)
        with pytest.raises(URLError) as caught:
            ws.result(10)
        took_s = time.monotonic() - began

    assert caught.value.code is URLErrorCode.CANCELLED
    assert 1.9 < took_s < 3.5
    assert server.connections[0].wait_closed() is not None
    assert ws.close_code == 1000


@pytest.mark.parity("3.3:receive", "A:10 WebSocket messages")
def test_given_up_receive_loses_no_message(serve: Serve) -> None:
    """A call that timed out, was cancelled or dropped leaves its message to the next."""
    go = threading.Event()

    def talk(peer: Peer) -> None:
        peer.recv()
        for n in range(6):
            peer.send(TEXT, b"%d" % n)
        go.set()
        peer.echo()

    server = serve(web_socket_handler(talk))

    async def main() -> list[str | bytes]:
        async with URLSession() as session, session.web_socket(url_of(server)) as ws:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_awaited(ws), 0.05)
            dropped = ws.receive()
            waiting = asyncio.ensure_future(_awaited(ws))
            await asyncio.sleep(0)
            await ws.send("go")
            go.wait(5)  # the loop reads nothing meanwhile
            while not dropped.is_done:
                await asyncio.sleep(0)  # not a turn more: `waiting` has its message too
            del dropped
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return [await ws.receive() for _ in range(6)]

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4", "5"]


async def _awaited(ws: URLSessionWebSocketTask) -> str | bytes:
    return await ws.receive()


@pytest.mark.parity("3.3:receive")
def test_receive_times_out_without_ending_the_task(serve: Serve) -> None:
    """`result(timeout)` gives the call up, not the WebSocket."""
    server = serve(web_socket_handler(echo))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        with pytest.raises(TimeoutError):
            ws.receive().result(0.01)
        ws.send("x")
        assert ws.receive().result(5) == "x"


@pytest.mark.parity("3.3:receive")
def test_receives_are_served_first_in_first_out(serve: Serve) -> None:
    """Calls that wait get the messages in the order of the calls."""
    server = serve(web_socket_handler(echo))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        calls = [ws.receive() for _ in range(20)]
        for n in range(20):
            ws.send(str(n))
        assert [call.result(5) for call in calls] == [str(n) for n in range(20)]


@pytest.mark.parity("3.3:receive", "3.3:closeCode", "3.3:closeReason")
def test_messages_before_the_close_frame_are_received_after_it(serve: Serve) -> None:
    """Whatever came before the close can be received; then -1005."""

    def talk(peer: Peer) -> None:
        for n in range(3):
            peer.send(TEXT, b"%d" % n)
        peer.close(4321, b"done")
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    with URLSession() as session:
        ws = session.web_socket(url_of(server))
        ws.result(5)
        assert [ws.receive().result() for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(URLError, match=r"4321 \(done\)") as caught:
            ws.receive().result()

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST
    assert (ws.close_code, ws.close_reason) == (4321, b"done")
    assert ws.error is None


@pytest.mark.parity("3.3:receive")
@pytest.mark.parametrize(
    ("code", "is_end"), [(1000, True), (1001, True), (None, True), (1011, False)]
)
def test_iteration_ends_with_an_orderly_close(
    serve: Serve, code: int | None, is_end: bool
) -> None:
    """A server that says why it failed is told as an error."""

    def talk(peer: Peer) -> None:
        peer.send(TEXT, b"one")
        peer.close(code)
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))

    async def listen() -> list[str | bytes]:
        async with URLSession() as session, session.web_socket(url_of(server)) as ws:
            return [message async for message in ws]

    if is_end:
        assert asyncio.run(listen()) == ["one"]
        with URLSession() as session, session.web_socket(url_of(server)) as ws:
            assert list(ws) == ["one"]
    else:
        with pytest.raises(URLError):
            asyncio.run(listen())


@pytest.mark.parity("3.3:maximumMessageSize")
def test_maximum_message_size_is_one_mebibyte(serve: Serve) -> None:
    """Exactly that passes; a byte more ends the task, and the server is told 1009."""
    got: list[Frame] = []

    def talk(peer: Peer) -> None:
        peer.send(2, bytes(1024 * 1024))
        peer.send(2, bytes(1024 * 1024 + 1))
        got.extend(peer.recv_until_close())

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        assert ws.maximum_message_size == 1024 * 1024
        assert ws.receive().result(5) == bytes(1024 * 1024)
        with pytest.raises(URLError) as caught:
            ws.receive().result(5)
        for bad in (0, -1, True, 1.5):
            with pytest.raises(ValueError, match="positive"):
                ws.maximum_message_size = bad  # type: ignore[assignment]  # that is the test

    assert caught.value.code is URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
    assert wait_until(lambda: bool(got))
    assert got[-1].close_code == 1009
    assert ws.close_code == WebSocketCloseCode.MESSAGE_TOO_BIG


@pytest.mark.parametrize("message", [1, None, ["x"]])
def test_send_refuses_other_types(message: Any) -> None:
    """A message is text or bytes; lone surrogates are no text."""
    with URLSession() as session:
        task = session.web_socket_task("ws://localhost/")
        with pytest.raises(TypeError, match="a message is a str or bytes-like"):
            task.send(message)
        with pytest.raises(UnicodeEncodeError):
            task.send("\ud800")


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize(
    ("replaced", "headers"),
    [
        ({"accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, []),
        ({"accept": None}, []),
        ({"upgrade": None}, []),
        ({"upgrade": "h2c"}, []),
        ({"connection": None}, []),
        ({"connection": "keep-alive"}, []),
        ({}, [("Sec-WebSocket-Extensions", "permessage-deflate")]),
        ({}, [("Sec-WebSocket-Protocol", "not-offered")]),
    ],
)
def test_handshake_that_is_not_right_is_refused(
    serve: Serve, replaced: dict[str, str | None], headers: list[tuple[str, str]]
) -> None:
    """101 alone opens nothing."""
    ended = threading.Event()

    def talk(peer: Peer) -> None:
        peer.accept(headers, replaced=replaced)
        if peer.has_ended():
            ended.set()

    server = serve(web_socket_handler(talk, accepts=False))
    with URLSession() as session:
        task = session.web_socket(url_of(server))
        with pytest.raises(URLError, match="opens no WebSocket") as caught:
            task.opened().result(5)

    assert caught.value.code is URLErrorCode.BAD_SERVER_RESPONSE
    assert ended.wait(5)


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 426, 500, 503])
def test_status_other_than_101_refuses(serve: Serve, status: int) -> None:
    """The task fails with -1011 and has the response."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(status, body=b"" if status == 204 else b"no")
        connection.recv()

    server = serve(handle)
    with URLSession() as session:
        task = session.web_socket(url_of(server))
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.BAD_SERVER_RESPONSE
    assert task.response is not None
    assert task.response.status_code == status  # type: ignore[attr-defined]  # it is HTTP's
    assert task.response.url == url_of(server)
    assert task.close_code == 0


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 X\r\n" + b"X-Flood: " + b"x" * 1000 + b"\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade",
        b"",
    ],
    ids=["flood", "garbage", "cut", "nothing"],
)
def test_bad_head_fails_the_handshake(serve: Serve, answer: bytes) -> None:
    """What is no head, or never ends, is an error, not a wait."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        try:
            connection.send(answer)
            while b"Flood" in answer:
                connection.send(b"X-Flood: " + b"x" * 1000 + b"\r\n")
        except ConnectionError:
            pass

    server = serve(handle)
    with URLSession() as session:
        task = session.web_socket(url_of(server))
        with pytest.raises(URLError) as caught:
            task.result(10)

    assert caught.value.code in (
        URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM,
        URLErrorCode.BAD_SERVER_RESPONSE,
        URLErrorCode.CANNOT_PARSE_RESPONSE,
        URLErrorCode.NETWORK_CONNECTION_LOST,
    )


@pytest.mark.parity("3.3:handshake")
@pytest.mark.parametrize("scheme", ["ws", "http", ""])
def test_handshake_follows_redirects(serve: Serve, scheme: str) -> None:
    """To ws, http or a relative reference; the task's URL stays a WebSocket's."""

    def talk(peer: Peer) -> None:
        if peer.request.target == "/new":
            peer.accept()
            peer.echo()
            return
        base = f"{scheme}://127.0.0.1:{server.port}" if scheme else ""
        peer.connection.send_response(302, [("Location", f"{base}/new")])
        peer.connection.recv()

    server = serve(web_socket_handler(talk, accepts=False))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        ws.send("x")
        assert ws.receive().result(5) == "x"
        assert ws.current_request.url == url_of(server) + "new"
        assert ws.response is not None
        assert ws.response.url == url_of(server) + "new"
        ws.cancel(1000)

    assert ws.metrics is not None
    assert ws.metrics.redirect_count == 1
    assert ws.original_request.url == url_of(server)


@pytest.mark.parity("3.3:send")
def test_slow_peer_makes_send_wait(serve: Serve) -> None:
    """A send is done when the kernel has it all; pings are answered meanwhile."""
    go, pinged = threading.Event(), threading.Event()
    got: list[int] = []

    def talk(peer: Peer) -> None:
        peer.send(PING, b"are you there")
        go.wait(10)
        for _ in range(2):
            frame = peer.recv()
            while frame.opcode == PONG:
                frame = peer.recv()
            got.append(len(frame.payload))
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    payload = bytes(30 * 1024 * 1024)
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        call, second = ws.send(payload), ws.send(payload[:10])
        with pytest.raises(TimeoutError):
            call.result(0.2)
        assert not call.is_done
        go.set()
        call.result(10)
        second.result(10)
        pinged.set()
        assert ws.count_of_bytes_sent >= len(payload)
        wait_until(lambda: len(got) == 2)
        ws.cancel(1000)

    assert got == [len(payload), 10]


@pytest.mark.parity("3.3:receive")
def test_slow_receiver_makes_the_peer_wait(serve: Serve) -> None:
    """Reading pauses while a mebibyte waits; nothing is lost."""
    sent = [0]
    piece = bytes(64 * 1024)
    total = 64 * 1024 * 1024 // len(piece)

    def talk(peer: Peer) -> None:
        for _ in range(total):
            peer.send(2, piece)
            sent[0] += len(piece)
        peer.close()
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        first = ws.receive().result(5)
        stalled = -1
        while stalled != sent[0]:  # until the server moves no more
            stalled = sent[0]
            time.sleep(0.1)  # noqa: TID251  # there is no event for what does not happen
        assert stalled < total * len(piece) // 2
        assert ws.count_of_bytes_received - len(piece) < MEMORY_LIMIT
        sizes = [len(message) for message in ws]

    assert len(first) == len(piece)
    assert sizes == [len(piece)] * (total - 1)


@pytest.mark.parity("3.3:send", "3.3:receive")
def test_completion_handlers_run_on_the_delegate_queue(serve: Serve) -> None:
    """Each once, in order, with the result or the error."""
    server = serve(web_socket_handler(echo))
    seen: list[object] = []
    done = threading.Event()

    def note(name: str) -> Callable[[object, object], None]:
        def handler(value: object, error: object) -> None:
            seen.append((name, value, error, threading.current_thread().name))
            if name == "receive":
                done.set()

        return handler

    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        ws.send("x", note("send"))
        ws.receive(note("receive"))
        assert done.wait(5)
        ws.cancel(1000)

    assert seen == [
        ("send", None, None, "urlsession-callbacks"),
        ("receive", "x", None, "urlsession-callbacks"),
    ]


@pytest.mark.parity("3.3:send")
def test_suspended_task_moves_nothing(serve: Serve) -> None:
    """Neither direction moves until resume; then both go on."""
    got, ended = threading.Event(), threading.Event()

    def talk(peer: Peer) -> None:
        peer.recv()
        peer.send(TEXT, b"while suspended")
        peer.recv()
        got.set()
        peer.recv_until_close()
        if peer.has_ended():
            ended.set()

    server = serve(web_socket_handler(talk))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        ws.send("go").result(5)
        ws.suspend()
        held = ws.send("held")
        assert not got.wait(0.1)
        assert not held.is_done
        ws.resume()
        held.result(5)
        assert got.wait(5)
        assert ws.receive().result(5) == "while suspended"
        ws.suspend()
        ws.cancel(1001)
        assert ws.error is not None

    assert ended.wait(5)


@pytest.mark.slow
@pytest.mark.parametrize("is_talking", [False, True])
def test_idle_timer_runs_while_open(serve: Serve, is_talking: bool) -> None:
    """Without a byte either way for that long the task fails; a ping resets it."""
    server = serve(web_socket_handler(echo))
    request = URLRequest(url_of(server), timeout_interval=0.4)

    with URLSession() as session, session.web_socket(request) as ws:
        began = time.monotonic()
        if is_talking:
            for _ in range(6):
                ws.send_ping().result(5)
                time.sleep(0.15)  # noqa: TID251  # time has to pass
            assert ws.state is TaskState.RUNNING
        else:
            with pytest.raises(URLError) as caught:
                ws.receive().result(5)
            assert caught.value.code is URLErrorCode.TIMED_OUT
            assert 0.35 < time.monotonic() - began < 1.5


@pytest.mark.slow
def test_resource_timer_ends_an_open_web_socket(serve: Serve) -> None:
    """The wall clock runs on, whatever moves."""
    server = serve(web_socket_handler(echo))
    configuration = URLSessionConfiguration.default()
    configuration.timeout_interval_for_resource = 0.4

    def talk(ws: URLSessionWebSocketTask) -> None:
        while True:
            ws.send("x")
            ws.receive().result(5)

    with URLSession(configuration) as session:
        with session.web_socket(url_of(server)) as ws:
            with pytest.raises(URLError) as caught:
                talk(ws)

    assert caught.value.code is URLErrorCode.TIMED_OUT


def test_never_answered_handshake_times_out(serve: Serve) -> None:
    """The idle timer covers the handshake."""
    server = serve(lambda connection: connection.hold())
    request = URLRequest(url_of(server), timeout_interval=0.2)

    with URLSession() as session, pytest.raises(URLError) as caught:
        session.web_socket(request).opened().result(5)

    assert caught.value.code is URLErrorCode.TIMED_OUT


@pytest.mark.parity("1:webSocketTask(with: URL)")
def test_wss_is_carried_over_tls(serve: Serve, ca: CertificateAuthority) -> None:
    """Frames of any size pass both ways; the certificate is checked."""
    server = serve(web_socket_handler(echo), tls=True)
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ca.pem
    payload = b"\x01" * 3_000_000

    with URLSession(configuration) as session:
        with session.web_socket(url_of(server)) as ws:
            ws.maximum_message_size = len(payload)
            ws.send(payload).result(10)
            assert len(ws.receive().result(10)) == len(payload)
            assert [one.is_secure for one in session.connections()] == [True]
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.web_socket(url_of(server)).opened().result(5)

    assert caught.value.code in (
        URLErrorCode.SERVER_CERTIFICATE_UNTRUSTED,
        URLErrorCode.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,
    )


def test_frames_in_the_segment_of_the_handshake_are_received(serve: Serve) -> None:
    """Nothing is lost between HTTP and frames."""

    def talk(peer: Peer) -> None:
        peer.accept(after=b"\x81\x05early\x81\x03two")
        peer.recv_until_close()

    server = serve(web_socket_handler(talk, accepts=False))
    with URLSession() as session, session.web_socket(url_of(server)) as ws:
        assert [ws.receive().result(5) for _ in range(2)] == ["early", "two"]
        ws.cancel()
