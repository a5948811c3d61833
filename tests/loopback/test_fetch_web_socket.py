"""``urlsession fetch ws://…`` as a program: lines in, messages out."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

from ..conformance.web_socket_peer import CLOSE, TEXT, Frame, Peer, web_socket_handler
from ..conftest import Serve
from .fetching import COMMAND, fetch

pytestmark = pytest.mark.slow


def url_of(server: Any) -> str:
    """Return the server's address for WebSockets."""
    return str(server.url("/")).replace("http", "ws", 1)


def test_lines_are_messages_in_both_directions(serve: Serve) -> None:
    """The last line needs no end; the command closes in order, with 1000."""
    got: list[Frame] = []

    def talk(peer: Peer) -> None:
        while (frame := peer.recv()).opcode != CLOSE:
            got.append(frame)
            peer.send(TEXT, frame.payload.upper())
        got.append(frame)
        peer.send(CLOSE, frame.payload)

    server = serve(web_socket_handler(talk))
    done = fetch(url_of(server), data=b"one\ntwo\r\ndrei")

    assert (done.exit_code, done.out, done.err) == (0, b"ONE\nTWO\nDREI\n", "")
    assert [one.payload for one in got] == [b"one", b"two", b"drei", b"\x03\xe8"]


def test_server_ends_it(serve: Serve) -> None:
    """What was received is written; binary messages as they are."""

    def talk(peer: Peer) -> None:
        peer.send(TEXT, b"hello")
        peer.send(2, b"\x00\xff")
        peer.close()
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    with subprocess.Popen(
        [*COMMAND, url_of(server)],
        stdin=subprocess.PIPE,  # which does not end
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.wait(10) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == (
            b"hello\n\x00\xff\n",
            b"",
        )


def test_it_waits_for_the_server_to_be_silent(serve: Serve) -> None:
    """Messages after the end of the input are written while they keep coming."""

    def talk(peer: Peer) -> None:
        for n in range(4):
            time.sleep(0.4)  # noqa: TID251  # a server that is not fast
            peer.send(TEXT, b"%d" % n)
        peer.recv_until_close()

    server = serve(web_socket_handler(talk))
    done = fetch(url_of(server))

    assert (done.exit_code, done.out) == (0, b"0\n1\n2\n3\n")


def test_head_and_subprotocol(serve: Serve) -> None:
    """-i writes the handshake's answer; header fields go out."""
    requests = []

    def talk(peer: Peer) -> None:
        requests.append(peer.request)
        peer.accept([("Sec-WebSocket-Protocol", "v2")])
        peer.close()
        peer.recv_until_close()

    server = serve(web_socket_handler(talk, accepts=False))
    done = fetch(
        *("-i", "--subprotocol", "v1", "--subprotocol", "v2", "-H", "X-Own: 1"),
        url_of(server),
    )

    assert done.exit_code == 0
    assert done.out.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Protocol: v2\r\n" in done.out
    assert requests[0].header("Sec-WebSocket-Protocol") == "v1, v2"
    assert requests[0].header("X-Own") == "1"


@pytest.mark.parametrize(
    ("status", "close", "exit_code"),
    [(403, None, 22), (200, None, 22), (101, 1011, 56), (101, 0, 56), (101, 1001, 0)],
)
def test_exit_code_says_how_it_ended(
    serve: Serve, status: int, close: int | None, exit_code: int
) -> None:
    """Refused 22, closed with an error or lost 56, closed in order 0."""

    def talk(peer: Peer) -> None:
        if status != 101:
            peer.connection.send_response(status)
            peer.connection.recv()
            return
        peer.accept()
        if close:
            peer.close(close)
            peer.recv_until_close()

    server = serve(web_socket_handler(talk, accepts=False))
    done = fetch(url_of(server), data=b"x\n")

    assert done.exit_code == exit_code
    assert bool(done.err) is (exit_code != 0)


def test_nobody_listens() -> None:
    """As for any URL."""
    assert fetch("ws://127.0.0.1:1/").exit_code == 7


def test_input_that_is_no_text(serve: Serve) -> None:
    """Exit code 26; nothing of it is sent."""
    server = serve(web_socket_handler(Peer.echo))
    done = fetch(url_of(server), data=b"good\n\xff\n")

    assert done.exit_code == 26
    assert "UTF-8" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["ws://h/", "http://h/"],
        ["ws://h/", "-d", "x"],
        ["ws://h/", "-X", "POST"],
        ["ws://h/", "-F", "a=b"],
        ["ws://h/", "-T", "-"],
        ["ws://h/", "-o", "file"],
        ["http://h/", "--subprotocol", "x"],
        ["ws://h/", "--subprotocol", "a b"],
    ],
)
def test_wrong_command_line(arguments: list[str]) -> None:
    """Exit code 2, before anything is loaded."""
    assert fetch(*arguments).exit_code == 2


def test_help_teaches_it() -> None:
    """An example, and what ends it."""
    done = fetch("--help")

    assert b"wss://example.com/chat" in done.out
    assert b"--subprotocol" in done.out
