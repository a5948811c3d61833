"""Request bodies: where they may come from, and what goes over the wire."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    descriptors,
    echo_handler,
)
from urlsession.testing.connection import ReceivedRequest

if TYPE_CHECKING:
    from ..conftest import Serve

FORM = "application/x-www-form-urlencoded"
LARGE = bytes(range(256)) * 8192  # 2 MiB: more than any buffer on the way


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that takes everything."""
    return serve(echo_handler)


def send(
    server: LoopbackServer, method: str = "POST", **values: Any
) -> ReceivedRequest:
    """Send a request and return it as it arrived."""
    with URLSession() as session:
        session.data(URLRequest(server.url(), method=method, **values)).result(10)
    return server.requests[-1]


def pieces(*parts: bytes) -> Iterator[bytes]:
    """Give a body piece by piece."""
    yield from parts


# -- what a body may be ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "body", [b"body", bytearray(b"body"), memoryview(b"body"), "body"], ids=type
)
def test_body_in_memory_is_sent_with_its_length(
    server: LoopbackServer, method: str, body: Any
) -> None:
    """Whatever kind of bytes; text as UTF-8."""
    request = send(server, method, body=body)

    assert (request.method, request.body) == (method, b"body")
    assert request.header("Content-Length") == "4"
    assert request.header("Transfer-Encoding") is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("data", [b"", b"body", LARGE], ids=["empty", "small", "large"])
def test_body_from_a_path_is_sent_with_its_length(
    server: LoopbackServer, tmp_path: Path, method: str, data: bytes
) -> None:
    """The file is read while it is sent, and closed after."""
    path = tmp_path / "body"
    path.write_bytes(data)
    request = send(server, method, body=path)

    assert request.body == data
    assert request.header("Content-Length") == str(len(data))
    assert str(path) not in descriptors().values()


def test_body_from_a_file_object_begins_where_it_stands(server: LoopbackServer) -> None:
    """It is the caller's, so it stays open."""
    file = io.BytesIO(b"skip" + LARGE)
    file.seek(4)
    request = send(server, body=file)

    assert request.body == LARGE
    assert request.header("Content-Length") == str(len(LARGE))
    assert not file.closed


def test_body_from_a_pipe_is_chunked(server: LoopbackServer) -> None:
    """It cannot say how long it is."""
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe:
        os.write(writing, b"body")
        os.close(writing)
        request = send(server, body=pipe)

    assert request.body == b"body"
    assert request.header("Transfer-Encoding") == "chunked"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ((), b""),
        ((b"bo", b"", b"dy"), b"body"),
        ((LARGE, LARGE), LARGE + LARGE),
        ((bytearray(b"bo"), memoryview(b"dy")), b"body"),
    ],
    ids=["none", "some", "large", "other-bytes"],
)
def test_body_from_an_iterable_is_chunked(
    server: LoopbackServer, method: str, parts: tuple[bytes, ...], body: bytes
) -> None:
    """An empty piece is not its end."""
    request = send(server, method, body=pieces(*parts))

    assert (request.method, request.body) == (method, body)
    assert request.header("Transfer-Encoding") == "chunked"
    assert request.header("Content-Length") is None


def test_length_that_the_caller_knows_replaces_chunks(server: LoopbackServer) -> None:
    """Some servers take no chunks."""
    request = send(server, body=pieces(b"bo", b"dy"), headers={"Content-Length": "4"})

    assert request.body == b"body"
    assert [v for n, v in request.headers if n.lower() == "content-length"] == ["4"]
    assert request.header("Transfer-Encoding") is None


def test_json_is_sent_as_such(server: LoopbackServer) -> None:
    """With its type."""
    request = send(server, json={"a": [1, "é"]})

    assert request.header("Content-Type") == "application/json"
    assert request.body.decode() in ('{"a":[1,"é"]}', '{"a":[1,"\\u00e9"]}')


def test_form_is_sent_as_such(server: LoopbackServer) -> None:
    """Encoded as browsers do."""
    request = send(server, form={"a": "1 2", "b": "é&"})

    assert request.header("Content-Type") == FORM
    assert request.body == b"a=1+2&b=%C3%A9%26"


# -- headers of a body -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "given", "sent"),
    [
        ("POST", None, FORM),
        ("POST", "text/plain", "text/plain"),
        ("PUT", None, None),
        ("PATCH", None, None),
        ("PUT", "text/plain", "text/plain"),
    ],
)
@pytest.mark.parity("6:POST with body, no Content-Type")
def test_content_type_is_made_up_for_post_only(
    server: LoopbackServer, method: str, given: str | None, sent: str | None
) -> None:
    """As Foundation does."""
    headers = {} if given is None else {"Content-Type": given}

    assert (
        send(server, method, body=b"x", headers=headers).header("Content-Type") == sent
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_empty_body_is_announced(server: LoopbackServer, method: str) -> None:
    """Servers ask for a length; there is no type of nothing."""
    request = send(server, method)

    assert request.header("Content-Length") == "0"
    assert request.header("Content-Type") is None
    assert request.body == b""


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_no_body_is_not_announced(server: LoopbackServer, method: str) -> None:
    """Where none is expected."""
    request = send(server, method)

    assert request.method == method
    assert request.header("Content-Length") is None
    assert request.header("Transfer-Encoding") is None


@pytest.mark.parametrize("body", [b"x", LARGE], ids=["small", "large"])
@pytest.mark.parity("15:Expect")
def test_expect_is_not_sent_unless_asked_for(
    server: LoopbackServer, body: bytes
) -> None:
    """Foundation does not wait for 100 either."""
    assert send(server, body=body).header("Expect") is None
    asked = send(server, body=body, headers={"Expect": "100-continue"})
    assert asked.header("Expect") == "100-continue"
    assert asked.body == body


def test_head_brings_the_head_alone(server: LoopbackServer) -> None:
    """Its Content-Length is that of the body which does not come."""
    with URLSession() as session:
        request = URLRequest(server.url(), method="HEAD")
        data, response = session.data(request).result(5)
        again = session.data(server.url()).result(5)

    assert data == b""
    assert response.expected_content_length > 0
    assert again.data != b""
    assert server.accepted == 1


def test_headers_of_one_request_do_not_stay_for_the_next(
    server: LoopbackServer,
) -> None:
    """Handles are used again, what was set on them is not."""
    with URLSession() as session:
        request = URLRequest(
            server.url(), method="POST", json={}, headers={"X-Once": "1"}
        )
        session.data(request).result(5)
        session.data(server.url()).result(5)

    last = server.requests[-1]
    assert (last.method, last.body) == ("GET", b"")
    assert last.header("X-Once") is None
    assert last.header("Content-Type") is None


# -- what goes wrong -------------------------------------------------------------------


@pytest.mark.parametrize("body", ["memory", "stream"])
def test_get_with_a_body_fails_before_anything_is_sent(
    server: LoopbackServer, body: str
) -> None:
    """-1103, as on Apple."""
    value: Any = b"x" if body == "memory" else pieces(b"x")
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(URLRequest(server.url(), method="GET", body=value)).result(5)

    assert caught.value.code is URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
    assert server.accepted == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", URLErrorCode.FILE_DOES_NOT_EXIST),
        (".", URLErrorCode.FILE_IS_DIRECTORY),
    ],
)
def test_path_that_cannot_be_read_fails_the_task(
    server: LoopbackServer, tmp_path: Path, name: str, code: URLErrorCode
) -> None:
    """With Foundation's code for files, and the system's error as cause."""
    request = URLRequest(server.url(), method="POST", body=tmp_path / name)
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.data(request).result(5)

    assert caught.value.code is code
    assert isinstance(caught.value.__cause__, OSError)


class OopsError(Exception):
    """Raised by a body."""


def broken() -> Iterator[bytes]:
    """Give a piece, then fail."""
    yield b"x"
    raise OopsError


def texts() -> Iterator[Any]:
    """Give what is no bytes."""
    yield "text"


@pytest.mark.parametrize(
    ("body", "kind"), [(broken, OopsError), (texts, TypeError)], ids=["raises", "text"]
)
def test_error_of_a_body_is_the_cause_of_the_tasks_error(
    server: LoopbackServer, body: Any, kind: type[Exception]
) -> None:
    """The request is broken off, and the session is fine."""
    with URLSession() as session:
        with pytest.raises(URLError) as caught:
            session.data(URLRequest(server.url(), method="POST", body=body())).result(5)
        assert isinstance(caught.value.__cause__, kind)
        assert session.data(server.url()).result(5).status_code == 200


def test_reply_before_the_body_was_sent_is_the_result(serve: Serve) -> None:
    """A server may refuse at once."""

    def refuse(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send_response(413, [("Connection", "close")], b"too much")
        connection.shutdown_write()
        while connection.recv():
            pass

    server = serve(refuse)
    with URLSession() as session:
        request = URLRequest(server.url(), method="POST", body=LARGE * 4)
        reply = session.data(request).result(5)

    assert (reply.status_code, reply.data) == (413, b"too much")


# -- progress --------------------------------------------------------------------------


@pytest.mark.parity("3.1:countOfBytesSent")
def test_what_is_sent_is_counted(serve: Serve) -> None:
    """While it goes out, and after."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        head = connection.recv_head()
        assert head is not None
        go.wait(5)
        for _ in connection.iter_body(head):
            pass
        connection.send_response(200)

    with URLSession() as session:
        body = LARGE * 16
        task = session.data(URLRequest(serve(handle).url(), method="PUT", body=body))
        assert task.count_of_bytes_expected_to_send == len(body)
        assert task.count_of_bytes_sent < len(body)
        go.set()
        task.result(10)

    assert task.count_of_bytes_sent == len(body)


def test_frames_of_a_chunked_body_are_not_counted_as_sent(
    server: LoopbackServer,
) -> None:
    """Nor after the end, when nobody reads the body any more."""
    with URLSession() as session:
        request = URLRequest(server.url(), method="PUT", body=pieces(b"ab", b"c"))
        task = session.data(request)
        task.result(5)

    assert server.requests[0].header("Transfer-Encoding") == "chunked"
    assert task.count_of_bytes_sent == 3


def test_sent_bytes_of_a_stream_are_told_without_an_expected_total(
    server: LoopbackServer,
) -> None:
    """-1 is Foundation's word for not known."""
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        request = URLRequest(server.url(), method="PUT", body=pieces(LARGE, b"x"))
        task = session.data_task(request)
        task.resume()
        task.result(10)

    told = [call.args[1:] for call in delegate.named("task_did_send_body_data")]
    assert told[-1][1:] == (len(LARGE) + 1, -1)
    assert sum(one[0] for one in told) == len(LARGE) + 1  # type: ignore[misc]  # recorded as object


@pytest.mark.parity("3.1:suspend()")
def test_suspended_upload_stops_and_goes_on(serve: Serve) -> None:
    """Where it stopped, although the server would take more."""
    begun, go = threading.Event(), threading.Event()
    received: list[bytes] = []

    def handle(connection: ServerConnection) -> None:
        head = connection.recv_head()
        assert head is not None
        begun.set()
        go.wait(5)
        received.extend(connection.iter_body(head))
        connection.send_response(200)

    body = LARGE * 16
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        task = session.data(URLRequest(serve(handle).url(), method="PUT", body=body))
        assert begun.wait(5)
        task.suspend()
        go.set()
        with pytest.raises(TimeoutError):
            task.result(0.1)
        task.resume()
        task.result(5)

    assert b"".join(received) == body
