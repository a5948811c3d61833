"""Upload tasks: section 3.2, and the upload rows of section 1."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    MultipartForm,
    SessionInvalidatedError,
    TaskState,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionDataTask,
    URLSessionUploadTask,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    descriptors,
    echo_handler,
)

if TYPE_CHECKING:
    from ..conftest import Serve

FROM_FILE = "1:uploadTask(with:fromFile:)"
FROM_DATA = "1:uploadTask(with:from:)"
STREAMED = "1:uploadTask(withStreamedRequest:)"
AWAITED = "1:upload(for:fromFile:/from:delegate:)"
UPLOAD_TASK = "3.2:URLSessionUploadTask"
NEW_BODY = "task_need_new_body_stream"
LARGE = bytes(range(256)) * 8192  # 2 MiB: more than any buffer on the way


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that takes everything."""
    return serve(echo_handler)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to upload."""
    path = tmp_path / "body.bin"
    path.write_bytes(LARGE)
    return path


def slow_pieces(count: int = 4) -> Iterator[bytes]:
    """Give a body that takes its time, on the thread that asks."""
    for number in range(count):
        threading.Event().wait(0.03)
        yield b"%d" % number


async def awaited_pieces(count: int = 4) -> AsyncIterator[bytes]:
    """Give a body that takes its time, on a loop."""
    for number in range(count):
        await asyncio.sleep(0.01)
        yield b"%d" % number


# -- where the body comes from ---------------------------------------------------------


@pytest.mark.parity(FROM_DATA, UPLOAD_TASK)
@pytest.mark.parametrize(
    ("data", "body", "length"),
    [
        (b"", b"", "0"),
        (b"body", b"body", "4"),
        ("bödy", "bödy".encode(), "5"),
        (LARGE, LARGE, str(len(LARGE))),
        (io.BytesIO(b"body"), b"body", "4"),
        ([b"bo", b"dy"], b"body", None),
    ],
    ids=["empty", "small", "text", "large", "file", "list"],
)
def test_body_is_the_data(
    server: LoopbackServer, data: Any, body: bytes, length: str | None
) -> None:
    """With its length, where it has one; a URL alone is sent by POST."""
    with URLSession() as session:
        task = session.upload(server.url(), from_data=data)
        task.result(10)

    request = server.requests[-1]
    assert (request.method, request.body) == ("POST", body)
    assert request.header("Content-Length") == length
    assert task.count_of_bytes_sent == len(body)


@pytest.mark.parity(FROM_DATA, "6:stream body")
def test_body_is_read_from_a_pipe(server: LoopbackServer) -> None:
    """In chunks: it does not say how long it is."""
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe, URLSession() as session:
        upload = session.upload(server.url(), from_data=pipe)
        os.write(writing, b"body")
        os.close(writing)
        upload.result(10)

    assert server.requests[-1].body == b"body"
    assert server.requests[-1].header("Transfer-Encoding") == "chunked"


@pytest.mark.parity(FROM_FILE)
@pytest.mark.parametrize("as_text", [False, True], ids=["path", "str"])
def test_body_is_the_file_and_not_the_requests_own(
    server: LoopbackServer, file: Path, *, as_text: bool
) -> None:
    """Its length is the file's, whatever the request said."""
    request = URLRequest(
        server.url(), method="PUT", body=b"own", headers={"Content-Length": "3"}
    )
    with URLSession() as session:
        task = session.upload(request, from_file=str(file) if as_text else file)
        task.result(10)

    received = server.requests[-1]
    assert (received.method, received.body) == ("PUT", LARGE)
    assert received.header("Content-Length") == str(len(LARGE))
    assert str(file) not in descriptors().values()


def make_missing(path: Path) -> Path:
    """Name a file that is not there."""
    return path / "missing"


def make_folder(path: Path) -> Path:
    """Name a folder."""
    return path


def make_unreadable(path: Path) -> Path:
    """Name a file that nobody may read."""
    locked = path / "locked"
    locked.write_bytes(b"x")
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # root reads everything
        pytest.skip("may read every file")
    return locked


@pytest.mark.parity(FROM_FILE)
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (make_missing, URLErrorCode.FILE_DOES_NOT_EXIST),
        (make_folder, URLErrorCode.FILE_IS_DIRECTORY),
        (make_unreadable, URLErrorCode.NO_PERMISSIONS_TO_READ_FILE),
    ],
    ids=["missing", "folder", "unreadable"],
)
def test_file_that_cannot_be_read_fails_the_task(
    server: LoopbackServer,
    tmp_path: Path,
    make: Callable[[Path], Path],
    code: URLErrorCode,
) -> None:
    """-1100, -1101 and -1102; nothing is sent."""
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.upload(server.url(), from_file=make(tmp_path)).result(5)

    assert caught.value.code is code
    assert server.accepted == 0


@pytest.mark.parity("8:requestBodyStreamExhausted (-1021)")
def test_file_that_shrinks_meanwhile_fails_the_task(serve: Serve, file: Path) -> None:
    """What was promised cannot be sent."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_head()
        os.truncate(file, 600_000)  # more than libcurl has read by now
        while connection.recv():
            pass

    file.write_bytes(LARGE * 8)
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.upload(serve(handle).url(), from_file=file).result(10)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED


@pytest.mark.parity("6:GET with body")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_request_by_get_cannot_be_an_upload(
    server: LoopbackServer, method: str
) -> None:
    """A request says how it is sent; its GET is not replaced."""
    request = URLRequest(server.url(), method=method)
    with URLSession() as session, pytest.raises(URLError, match=method) as caught:
        session.upload(request, from_data=b"x").result(5)

    assert caught.value.code is URLErrorCode.DATA_LENGTH_EXCEEDS_MAXIMUM
    assert server.accepted == 0


@pytest.mark.parity(AWAITED)
@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, TypeError),
        ({"from_data": b"x", "from_file": "x"}, TypeError),
        ({"from_data": 5}, TypeError),
        ({"from_file": 5}, TypeError),
        ({"from_data": b"x", "resume_data": b"x"}, TypeError),
    ],
    ids=["none", "two", "number", "number-file", "resume-data-too"],
)
def test_upload_takes_one_body(
    server: LoopbackServer, arguments: dict[str, Any], kind: type[Exception]
) -> None:
    """What is wrong is raised at the call."""
    with URLSession() as session, pytest.raises(kind):
        session.upload(server.url(), **arguments)


def test_upload_of_an_invalidated_session_is_refused(server: LoopbackServer) -> None:
    """As for any task."""
    session = URLSession()
    session.invalidate_and_cancel()

    with pytest.raises(SessionInvalidatedError):
        session.upload(server.url(), from_data=b"x")


# -- sources that take their time ------------------------------------------------------


@contextmanager
def longest_turn() -> Iterator[list[float]]:
    """Measure, on the running loop, the longest time that it was not free."""
    gaps: list[float] = []
    handles: list[asyncio.TimerHandle] = []
    loop = asyncio.get_running_loop()

    def tick(last: float) -> None:
        now = time.monotonic()
        gaps.append(now - last)
        handles[:] = [loop.call_later(0.001, tick, now)]

    tick(time.monotonic())
    try:
        yield gaps
    finally:
        handles[0].cancel()


@pytest.mark.parity(AWAITED, "6:stream body")
@pytest.mark.parametrize("make", [slow_pieces, awaited_pieces])
def test_slow_source_does_not_hold_up_the_loop(
    server: LoopbackServer,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    make: Callable[[int], Any],
) -> None:
    """An iterable is read elsewhere, an async one awaited."""

    async def main() -> float:
        async with URLSession() as session:
            with longest_turn() as gaps:
                await session.upload(server.url(), from_data=make(10))
        return max(gaps)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        longest_s = runner.run(main())

    assert server.requests[-1].body == b"0123456789"
    assert longest_s < 0.25  # the source alone sleeps 0.3 s


@pytest.mark.parity(AWAITED)
@pytest.mark.parametrize("make", [slow_pieces, awaited_pieces])
def test_slow_source_does_not_hold_up_other_loads(
    server: LoopbackServer, make: Callable[[int], Any]
) -> None:
    """The thread that all blocking sessions share is not the one that waits."""
    with URLSession() as session:
        upload = session.upload(server.url("/slow"), from_data=make(20))
        for _ in range(5):
            session.data(server.url("/quick")).result(5)
        upload.result(5)

    assert [one.target for one in server.requests] == ["/quick"] * 5 + ["/slow"]


def test_async_source_is_asked_for_no_more_than_is_sent(serve: Serve) -> None:
    """Backpressure: memory does not grow with the body."""
    begun, go = threading.Event(), threading.Event()
    given = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(256):
            given += 1
            yield bytes(256 * 1024)

    def handle(connection: ServerConnection) -> None:
        head = connection.recv_head()
        assert head is not None
        begun.set()
        go.wait(10)
        size = sum(len(piece) for piece in connection.iter_body(head))
        connection.send_response(200, body=str(size).encode())

    async def main() -> bytes:
        async with URLSession() as session:
            task = session.upload(serve(handle).url(), from_data=source())
            await asyncio.to_thread(begun.wait, 5)
            before = -1
            while before != given:  # until it is asked for nothing more
                before = given
                await asyncio.sleep(0.05)
            assert given < 128  # of 256: buffers of two kernels are in between
            go.set()
            return (await task).data

    assert asyncio.run(main()) == b"%d" % (64 * 1024 * 1024)


@pytest.mark.parametrize("is_async", [False, True], ids=["iterable", "async"])
def test_source_of_a_cancelled_upload_is_closed(
    serve: Serve, *, is_async: bool
) -> None:
    """What it holds open is let go of, at once."""
    closed, begun = threading.Event(), threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                begun.set()
                yield bytes(65536)
        finally:
            closed.set()

    async def async_pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                begun.set()
                yield bytes(65536)
        finally:
            closed.set()

    def handle(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.hold()

    source: Any = async_pieces() if is_async else pieces()
    with URLSession() as session:
        task = session.upload(serve(handle).url(), from_data=source)
        assert begun.wait(5)
        task.cancel()

        assert closed.wait(5)


@pytest.mark.parametrize("is_async", [False, True], ids=["iterable", "async"])
def test_error_of_a_source_is_the_cause(
    server: LoopbackServer, *, is_async: bool
) -> None:
    """-1021, and the session is fine."""

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("gone")

    async def async_pieces() -> AsyncIterator[bytes]:
        yield b"x"
        raise KeyError("gone")

    source: Any = async_pieces() if is_async else pieces()
    with URLSession() as session:
        with pytest.raises(URLError) as caught:
            session.upload(server.url(), from_data=source).result(5)
        assert session.data(server.url()).result(5).status_code == 200

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert isinstance(caught.value.__cause__, KeyError)


def test_waiting_for_the_source_is_no_timeout(server: LoopbackServer) -> None:
    """The idle timer is off while it is our own side that keeps the load waiting."""
    request = URLRequest(server.url(), method="POST", timeout_interval=0.1)
    go = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"a"
        go.wait(0.5)
        yield b"b"

    with URLSession() as session:
        session.upload(request, from_data=pieces()).result(5)

    assert server.requests[-1].body == b"ab"


def test_body_of_a_reply_can_be_uploaded(serve: Serve) -> None:
    """From one server to the other, piece by piece."""

    def give(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send_response(200, body=LARGE * 4)

    source, target = serve(give), serve(echo_handler)

    async def main() -> None:
        async with URLSession() as session:
            chunks, _ = await session.bytes(source.url())
            await session.upload(target.url(), from_data=chunks)

    asyncio.run(main())
    assert target.requests[-1].body == LARGE * 4


# -- streamed: the delegate gives the body ---------------------------------------------


@pytest.mark.parity(STREAMED, "4:URLSession:task:needNewBodyStream:", "17:upload task")
def test_delegate_is_asked_for_the_body_once(server: LoopbackServer) -> None:
    """First of all; what the request held is left out."""
    delegate = RecordingDelegate({NEW_BODY: lambda *_: [b"bo", b"dy"]})
    request = URLRequest(server.url(), method="PUT", body=b"own")
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(request, streamed=True)
        assert task.count_of_bytes_expected_to_send == -1
        task.resume()
        task.result(5)

    assert server.requests[-1].body == b"body"
    assert delegate.names == [
        "did_create_task",
        NEW_BODY,
        *["task_did_send_body_data"] * delegate.count("task_did_send_body_data"),
        "data_task_did_receive_response",
        "data_task_did_receive_data",
        "task_did_finish_collecting_metrics",
        "task_did_complete",
        "session_did_become_invalid",
    ]


@pytest.mark.parity(STREAMED, "4:URLSession:task:needNewBodyStream:")
@pytest.mark.parametrize("status", [307, 308])
def test_delegate_is_asked_again_for_each_resend(serve: Serve, status: int) -> None:
    """A list could be read again, but the delegate owns the body."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/old":
                connection.send_response(status, [("Location", "/new")])
            else:
                connection.send_response(200)

    server = serve(handle)
    bodies = iter([[b"first"], [b"second"]])
    delegate = RecordingDelegate({NEW_BODY: lambda *_: next(bodies)})
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            URLRequest(server.url("/old"), method="POST"), streamed=True
        )
        task.resume()
        task.result(5)

    assert [one.body for one in server.requests] == [b"first", b"second"]
    assert delegate.count(NEW_BODY) == 2


@pytest.mark.parity("4:URLSession:task:needNewBodyStream:")
def test_delegate_is_asked_again_when_a_reused_connection_was_dead(
    serve: Serve,
) -> None:
    """An idempotent request is sent again, over another connection."""
    first = threading.Event()

    def handle(connection: ServerConnection) -> None:
        request = connection.recv_request()
        if request is None:
            return
        connection.send_response(200)
        if not first.is_set():
            first.set()
            connection.recv_head()
            connection.reset()  # under the second request's body
        elif connection.recv_request():
            connection.send_response(200)

    server = serve(handle)

    def pieces(*_: object) -> Iterator[bytes]:
        yield from (b"bo", b"dy")

    delegate = RecordingDelegate({NEW_BODY: pieces})
    with URLSession(delegate=delegate) as session:
        session.data(server.url()).result(5)
        task = session.upload_task(
            URLRequest(server.url(), method="PUT"), streamed=True
        )
        task.resume()
        task.result(10)

    assert delegate.count(NEW_BODY) == 2
    assert server.requests[-1].body == b"body"


@pytest.mark.parity(STREAMED, "8:requestBodyStreamExhausted (-1021)")
@pytest.mark.parametrize("answers", [{}, {NEW_BODY: None}], ids=["no-method", "none"])
def test_no_stream_is_an_error(
    server: LoopbackServer, answers: dict[str, object]
) -> None:
    """-1021, and nothing is sent."""
    with URLSession(delegate=RecordingDelegate(answers)) as session:
        task = session.upload_task(
            URLRequest(server.url(), method="POST"), streamed=True
        )
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.REQUEST_BODY_STREAM_EXHAUSTED
    assert server.accepted == 0


@pytest.mark.parity(STREAMED)
def test_what_is_no_stream_ends_the_task(server: LoopbackServer) -> None:
    """Bytes are none; the delegate's mistake is logged."""
    delegate = RecordingDelegate({NEW_BODY: b"bytes"})
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            URLRequest(server.url(), method="POST"), streamed=True
        )
        task.resume()
        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED


@pytest.mark.parity(STREAMED)
def test_delegate_may_take_its_time(server: LoopbackServer) -> None:
    """A stream may be awaited, and be an async iterable."""

    async def stream(*_: object) -> AsyncIterator[bytes]:
        await asyncio.sleep(0.01)
        return awaited_pieces()

    async def main() -> None:
        async with URLSession(delegate=RecordingDelegate({NEW_BODY: stream})) as one:
            task = one.upload_task(
                URLRequest(server.url(), method="POST"), streamed=True
            )
            task.resume()
            await task

    asyncio.run(main())
    assert server.requests[-1].body == b"0123"


@pytest.mark.parity(STREAMED)
def test_task_that_waits_for_its_stream_can_be_cancelled(
    server: LoopbackServer,
) -> None:
    """The answer that comes later is ignored."""
    go = threading.Event()

    def stream(*_: object) -> list[bytes]:
        go.wait(5)
        return [b"x"]

    delegate = RecordingDelegate({NEW_BODY: stream})
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            URLRequest(server.url(), method="POST"), streamed=True
        )
        task.resume()
        delegate.wait_for(NEW_BODY)
        task.cancel()
        go.set()
        with pytest.raises(URLError):
            task.result(5)

    assert (task.state, server.accepted) == (TaskState.COMPLETED, 0)


# -- progress, and the rest of a task --------------------------------------------------


@pytest.mark.parity(FROM_FILE, "3.1:countOfBytesExpectedToSend")
def test_progress_of_a_file_is_out_of_its_length(
    server: LoopbackServer, file: Path
) -> None:
    """Told as it goes out, and at the end."""
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(server.url(), from_file=file)
        task.resume()
        task.result(10)

    told = [call.args[1:] for call in delegate.named("task_did_send_body_data")]
    assert told[-1][1:] == (len(LARGE), len(LARGE))
    assert sum(one[0] for one in told) == len(LARGE)  # type: ignore[misc]  # recorded as object
    assert task.count_of_bytes_expected_to_send == len(LARGE)
    assert task.progress.fraction == 1.0


@pytest.mark.parity("4:URLSession:task:didSendBodyData:…")
def test_totals_fall_back_on_a_resend(serve: Serve, file: Path) -> None:
    """The body begins anew, and so does what is told of it."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/old":
                connection.send_response(307, [("Location", "/new")])
            else:
                connection.send_response(200)

    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        session.upload(serve(handle).url("/old"), from_file=file).result(10)

    totals = [call.args[2] for call in delegate.named("task_did_send_body_data")]
    assert totals.count(len(LARGE)) == 2
    first = totals.index(len(LARGE))
    assert totals[first + 1] <= len(LARGE)  # type: ignore[operator]  # recorded as object
    assert totals[-1] == len(LARGE)


@pytest.mark.parity(FROM_DATA)
def test_completion_handler_gets_the_reply(server: LoopbackServer) -> None:
    """And the delegate neither response nor data."""
    done: list[tuple[object, ...]] = []
    delegate = RecordingDelegate()
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(
            server.url(), lambda *result: done.append(result), from_data=b"x"
        )
        task.resume()
        task.result(5)

    ((data, response, error),) = done
    assert data is not None
    assert (task.response, error) == (response, None)
    assert "data_task_did_receive_response" not in delegate.names


@pytest.mark.parity(UPLOAD_TASK)
def test_upload_task_is_a_data_task(server: LoopbackServer) -> None:
    """It gets the data callbacks, and it is listed."""
    with URLSession() as session:
        task = session.upload_task(server.url(), from_data=b"x")
        assert isinstance(task, URLSessionUploadTask)
        assert isinstance(task, URLSessionDataTask)
        assert task.state is TaskState.SUSPENDED
        task.resume()
        task.result(5)


# -- servers that do not take all of it ------------------------------------------------


def refuse(connection: ServerConnection, seen: threading.Event | None) -> None:
    """Answer 413 to the head; read the rest, or reset once the answer was seen."""
    connection.recv_head()
    connection.send_response(413, [("Connection", "close")], b"too much")
    if seen is None:
        connection.shutdown_write()
        while connection.recv():
            pass
    else:
        seen.wait(5)
        connection.reset()


@pytest.mark.parametrize("drains", [True, False], ids=["drained", "reset"])
@pytest.mark.parametrize("kind", ["file", "pieces", "async"])
def test_early_reply_is_the_result(
    serve: Serve, file: Path, kind: str, *, drains: bool
) -> None:
    """Whether or not the server reads what was on its way."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield LARGE

    file.write_bytes(LARGE * 16)
    body: dict[str, Any] = {"from_data": pieces()}
    if kind == "file":
        body = {"from_file": file}
    elif kind == "pieces":
        body = {"from_data": (LARGE for _ in range(16))}
    seen = threading.Event()
    server = serve(lambda connection: refuse(connection, None if drains else seen))
    delegate = RecordingDelegate(
        {"data_task_did_receive_response": lambda *_: seen.set()}
    )
    with URLSession(delegate=delegate) as session:
        task = session.upload_task(server.url(), **body)
        task.resume()
        reply = task.result(10)

    assert reply.status_code == 413
    assert delegate.received == b"too much"


@pytest.mark.parametrize("is_told", [False, True], ids=["awaited", "delegate"])
def test_whole_reply_is_the_result_although_sending_failed(
    serve: Serve, *, is_told: bool
) -> None:
    """A 200 does not stop libcurl from sending; the server wants no more of it."""
    seen = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.send_response(200, body=b"enough")
        connection.socket.recv(1)  # more than a head came: the client is sending
        if is_told:
            seen.wait(5)
        else:
            while connection.socket.recv(65536) and not task.count_of_bytes_received:
                pass
        connection.reset()

    server = serve(handle)
    delegate = RecordingDelegate(
        {"data_task_did_receive_data": lambda *_: seen.set()} if is_told else {}
    )
    body = (LARGE for _ in range(64))
    with URLSession(delegate=delegate if is_told else None) as session:
        task = session.upload_task(server.url(), from_data=body)
        task.resume()
        reply = task.result(15)

    assert reply.status_code == 200
    assert delegate.received if is_told else reply.data == b"enough"


@pytest.mark.parametrize("by_reset", [False, True], ids=["FIN", "RST"])
def test_connection_that_closes_under_the_body_fails_the_task(
    serve: Serve, file: Path, *, by_reset: bool
) -> None:
    """-1005, not a wait."""

    def handle(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.recv()
        if by_reset:
            connection.reset()

    file.write_bytes(LARGE * 16)
    with URLSession() as session, pytest.raises(URLError) as caught:
        session.upload(serve(handle).url(), from_file=file).result(10)

    assert caught.value.code is URLErrorCode.NETWORK_CONNECTION_LOST


# -- forms -----------------------------------------------------------------------------


def test_form_with_files_is_sent_with_its_length(
    server: LoopbackServer, file: Path
) -> None:
    """Files are read while they are sent."""
    form = MultipartForm({"name": "Ada"}, {"file": file})
    with URLSession() as session:
        session.upload(server.url(), from_data=form).result(10)

    request = server.requests[-1]
    assert request.header("Content-Type") == form.content_type
    assert request.header("Content-Length") == str(len(request.body))
    assert LARGE in request.body


def test_request_takes_files_beside_a_form(server: LoopbackServer, file: Path) -> None:
    """`files` makes the form one that can hold them."""
    request = URLRequest(
        server.url(), method="POST", form={"a": ["1", "2"]}, files={"f": file}
    )
    with URLSession() as session:
        session.data(request).result(10)

    received = server.requests[-1]
    assert (received.header("Content-Type") or "").startswith("multipart/form-data")
    assert received.body.count(b'name="a"') == 2
    assert b'name="f"; filename="body.bin"' in received.body


def test_form_is_sent_again_after_a_redirect(serve: Serve, file: Path) -> None:
    """The same bytes, with the same boundary."""

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/old":
                connection.send_response(308, [("Location", "/new")])
            else:
                connection.send_response(200)

    server = serve(handle)
    with URLSession() as session:
        form = MultipartForm({"name": "Ada"}, {"file": file})
        session.upload(server.url("/old"), from_data=form).result(10)

    first, second = server.requests
    assert first.body == second.body
    assert str(file) not in descriptors().values()


@pytest.mark.parametrize("way", ["cancelled", "session", "awaiter"])
def test_async_source_is_closed_with_its_upload(serve: Serve, way: str) -> None:
    """Before the loop that it runs on ends, whoever ends the upload."""
    begun, closed = asyncio.Event(), asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            begun.set()
            await asyncio.sleep(60)
        finally:
            closed.set()

    def handle(connection: ServerConnection) -> None:
        connection.recv_head()
        connection.hold()

    server = serve(handle)

    async def main() -> None:
        async with URLSession() as session:
            task = session.upload(server.url(), from_data=pieces())
            await begun.wait()
            if way == "cancelled":
                task.cancel()
            elif way == "session":
                session.invalidate_and_cancel()
            else:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(task, 0.01)
        await asyncio.wait_for(closed.wait(), 5)

    asyncio.run(main())
