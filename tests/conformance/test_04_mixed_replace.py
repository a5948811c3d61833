"""Replies that replace themselves: section 4, `didReceiveResponse` once per part."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    HTTPURLResponse,
    ResponseDisposition,
    URLError,
    URLErrorCode,
    URLSession,
)
from urlsession.testing import RecordingDelegate, ServerConnection

if TYPE_CHECKING:
    from ..conftest import Serve

ROW = "4:URLSession:dataTask:didReceiveResponse:"
TYPE = ("Content-Type", "multipart/x-mixed-replace; boundary=frame")
RESPONSE, DATA = "data_task_did_receive_response", "data_task_did_receive_data"


def part(number: int, body: bytes) -> bytes:
    """Return a part with its delimiter."""
    head = f"--frame\r\nContent-Type: image/jpeg\r\nX-Number: {number}\r\n\r\n"
    return head.encode() + body + b"\r\n"


def send_parts(connection: ServerConnection) -> None:
    """Send three parts in one reply."""
    if connection.recv_request():
        connection.send_response(200, [TYPE], chunked=False, body=BODY)


BODY = b"".join(part(n, b"image %d" % n) for n in range(3)) + b"--frame--\r\n"


@pytest.mark.parity(ROW)
def test_each_part_is_a_response_with_its_data(serve: Serve) -> None:
    """In order; the reply's own head is not told."""
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(send_parts).url())
        task.resume()
        task.result(5)

    told = [name for name in delegate.names if name in (RESPONSE, DATA)]
    assert told == [RESPONSE, DATA] * 3
    responses = [call.args[1] for call in delegate.named(RESPONSE)]
    numbers = [
        one.value("X-Number") for one in responses if isinstance(one, HTTPURLResponse)
    ]
    assert numbers == ["0", "1", "2"]
    assert [call.args[1] for call in delegate.named(DATA)] == [
        b"image 0",
        b"image 1",
        b"image 2",
    ]
    assert task.response is responses[-1]
    assert delegate.names[-2] == "task_did_complete"


@pytest.mark.parity(ROW)
def test_part_is_told_before_the_next_one_comes(serve: Serve) -> None:
    """A camera's image is there when its last byte is."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send_response(200, [TYPE, ("Content-Length", str(len(BODY)))])
        connection.send(part(0, b"image"))
        go.wait(5)

    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(handle).url())
        task.resume()
        assert delegate.wait_for(DATA).args[1] == b"image"
        go.set()
        with pytest.raises(URLError):
            task.result(5)


@pytest.mark.parity(ROW)
def test_later_part_may_be_refused(serve: Serve) -> None:
    """The task ends with -999, as for any response."""

    def decide(_session: object, _task: object, response: object) -> object:
        assert isinstance(response, HTTPURLResponse)
        is_second = response.value("X-Number") == "1"
        return ResponseDisposition.CANCEL if is_second else ResponseDisposition.ALLOW

    delegate = RecordingDelegate({RESPONSE: decide})
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(send_parts).url())
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED
    assert delegate.received == b"image 0"


@pytest.mark.parity(ROW)
def test_decision_on_a_part_may_be_awaited(serve: Serve) -> None:
    """What comes after it waits."""

    async def decide(*_: object) -> ResponseDisposition:
        await asyncio.sleep(0.01)
        return ResponseDisposition.ALLOW

    delegate = RecordingDelegate({RESPONSE: decide})

    async def main() -> None:
        async with URLSession(delegate=delegate) as session:
            task = session.data_task(serve(send_parts).url())
            task.resume()
            await task

    asyncio.run(main())
    told = [name for name in delegate.names if name in (RESPONSE, DATA)]
    assert told == [RESPONSE, DATA] * 3


@pytest.mark.parity(ROW)
def test_slow_delegate_pauses_the_parts(serve: Serve) -> None:
    """Memory does not grow with a camera's patience."""
    go = threading.Event()
    sent = 0

    def handle(connection: ServerConnection) -> None:
        nonlocal sent
        connection.recv_request()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n" % TYPE[1].encode()
        )
        image = bytes(200_000)
        for number in range(200):
            connection.send(part(number, image))
            sent += 1

    def wait(*_: object) -> None:
        go.wait(10)

    delegate = RecordingDelegate({DATA: wait})
    with URLSession(delegate=delegate) as session:
        task = session.data_task(serve(handle).url())
        task.resume()
        delegate.wait_for(DATA)
        before = -1
        while before != sent:
            before = sent
            threading.Event().wait(0.1)
        assert sent < 150
        go.set()
        task.result(15)

    assert delegate.count(RESPONSE) == 200


@pytest.mark.parity(ROW)
def test_endless_head_of_a_part_fails_the_task(serve: Serve) -> None:
    """-1017; memory is bounded."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n--frame\r\nA: "
            % TYPE[1].encode()
        )
        while True:
            connection.send(bytes(65536))

    with URLSession(delegate=RecordingDelegate()) as session:
        task = session.data_task(serve(handle).url())
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.CANNOT_PARSE_RESPONSE


def test_awaited_reply_is_the_whole_body(serve: Serve) -> None:
    """Who asks for one body gets it as it came."""
    with URLSession() as session:
        data, response = session.data(serve(send_parts).url()).result(5)

    assert data == BODY
    assert response.mime_type == "multipart/x-mixed-replace"
