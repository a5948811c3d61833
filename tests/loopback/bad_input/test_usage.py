"""Calls that cannot be: told at the call, never by waiting for ever."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    SessionInvalidatedError,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    UsageError,
)
from urlsession.testing import ServerConnection, fixed_body

if TYPE_CHECKING:
    from ...conftest import Serve


def hold(connection: ServerConnection) -> None:
    """Answer nothing."""
    connection.hold()


@pytest.mark.parametrize("way", ["data", "bytes", "data_task"])
@pytest.mark.parametrize(
    "end", ["finish_tasks_and_invalidate", "invalidate_and_cancel"]
)
@pytest.mark.parity("16.3:create a task")
def test_task_on_an_invalidated_session_is_refused(way: str, end: str) -> None:
    """The message names the session's line and what to do."""
    session = URLSession()
    getattr(session, end)()

    with pytest.raises(SessionInvalidatedError, match="make a new session"):
        getattr(session, way)("http://127.0.0.1:1/")
    assert session.is_invalidated
    assert session.connections() == []


@pytest.mark.parity("16.3:resume() a task made before")
def test_task_made_before_and_resumed_after_is_cancelled() -> None:
    """Invalidation cancelled it; to resume it changes nothing."""
    session = URLSession()
    task = session.data_task("http://127.0.0.1:1/")
    session.finish_tasks_and_invalidate()
    task.resume()

    with pytest.raises(URLError) as caught:
        task.result(5)
    assert caught.value.code is URLErrorCode.CANCELLED


def test_result_in_the_loop_that_drives_is_refused(serve: Serve) -> None:
    """At once, and the load goes on."""
    server = serve(fixed_body(b"body"))

    async def run() -> bytes:
        async with URLSession() as session:
            task = session.data(server.url())
            with pytest.raises(UsageError, match="use `await`"):
                task.result()
            data, _response = await task
            assert isinstance(data, bytes)
            return data

    assert asyncio.run(run()) == b"body"


def test_stream_read_by_for_in_the_loop_that_drives_is_refused(serve: Serve) -> None:
    """`for` where `async for` belongs."""
    server = serve(hold_after_head)

    async def run() -> None:
        async with URLSession() as session:
            chunks, _response = await session.bytes(server.url())
            with pytest.raises(UsageError, match="await"):
                for _chunk in chunks:
                    pass
            chunks.close()

    asyncio.run(run())


def hold_after_head(connection: ServerConnection) -> None:
    """Send a head, and no body."""
    connection.recv_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    connection.hold()


def test_result_in_a_completion_handler_is_refused(serve: Serve) -> None:
    """The handler runs where the other's would: waiting would never end."""
    server, silent = serve(fixed_body(b"body")), serve(hold)
    found: list[BaseException] = []
    done = threading.Event()

    with URLSession() as session:

        def complete(data: object, response: object, error: object) -> None:
            try:
                session.data_task(server.url()).result(5)
            except BaseException as raised:
                found.append(raised)
            try:
                other = session.data(silent.url())
                other.result(5)
            except BaseException as raised:
                found.append(raised)
            other.cancel()
            done.set()

        session.data_task(server.url(), completion=complete).resume()
        assert done.wait(10)

    assert [type(one) for one in found] == [UsageError, UsageError]
    assert "never resumed" in str(found[0])


def test_result_of_a_task_that_was_never_resumed_is_refused() -> None:
    """In both doors: nothing would ever come."""
    with URLSession() as session:
        task = session.data_task("http://127.0.0.1:1/")

        with pytest.raises(UsageError, match="call resume"):
            task.result()

        async def run() -> None:
            with pytest.raises(UsageError, match="call resume"):
                await task

        asyncio.run(run())


def test_result_of_a_task_that_was_cancelled_before_it_began(serve: Serve) -> None:
    """It is over, and says so; resuming it is no help and no error."""
    server = serve(fixed_body(b""))
    with URLSession() as session:
        task = session.data_task(server.url())
        task.cancel()
        task.resume()

        with pytest.raises(URLError) as caught:
            task.result(5)

    assert caught.value.code is URLErrorCode.CANCELLED
    assert caught.value.failing_url == server.url()
    assert server.accepted == 0


def test_timeout_of_result_leaves_the_load_running(serve: Serve) -> None:
    """It is the waiter's patience, not the load's."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        connection.recv_request()
        go.wait(10)
        connection.send_response(body=b"late")

    with URLSession() as session:
        task = session.data(serve(handle).url())
        with pytest.raises(TimeoutError, match="it goes on") as caught:
            task.result(timeout=0.05)
        go.set()

        assert not isinstance(caught.value, URLError)
        assert task.result(timeout=10).data == b"late"


def test_stream_is_read_once(serve: Serve) -> None:
    """The second reader would miss what the first has."""
    with URLSession() as session:
        chunks, _response = session.bytes(serve(fixed_body(b"x")).url()).result(10)

        assert chunks.read() == b"x"
        with pytest.raises(UsageError, match="only once"):
            chunks.read()


def test_stream_is_opened_once(serve: Serve) -> None:
    """Two owners could not both end it."""
    with URLSession() as session:
        load = session.bytes(serve(fixed_body(b"x")).url())
        chunks, _response = load.result(10)

        with pytest.raises(UsageError, match="once"):
            load.result(10)
        assert chunks.read() == b"x"


def test_line_without_an_end_is_refused(serve: Serve) -> None:
    """And the transfer ended."""
    server = serve(fixed_body(b"x" * 3_000_000))
    with URLSession() as session:
        chunks, _response = session.bytes(server.url()).result(10)
        with pytest.raises(ValueError, match="longer than 1000 bytes"):
            list(chunks.lines(limit=1000))


@pytest.mark.parametrize("request_", [None, b"http://host/", 5])
def test_something_else_than_a_request_is_a_type_error(request_: object) -> None:
    """At the call."""
    with URLSession() as session, pytest.raises(TypeError, match="URLRequest"):
        session.data(request_)  # type: ignore[arg-type]  # the mistake


@pytest.mark.parity(
    "1:shared",
    "16.4:shared",
    "A:6 didBecomeInvalid before didComplete; shared can be invalidated; never-resumed tasks block",
)
def test_shared_session_cannot_be_invalidated() -> None:
    """It is everybody's."""
    with pytest.raises(UsageError, match="shared"):
        URLSession.shared.invalidate_and_cancel()


def test_session_of_a_closed_loop_is_refused() -> None:
    """Nobody drives it any more: waiting would never end."""

    async def make() -> URLSession:
        return URLSession()

    session = asyncio.run(make())

    with pytest.raises(UsageError, match="closed"):
        session.data("http://127.0.0.1:1/").result(5)
    session.invalidate_and_cancel()


@pytest.mark.parity("3.1:delegate")
def test_delegate_cannot_be_set_once_the_task_runs(serve: Serve) -> None:
    """Callbacks would be half one's, half the other's."""
    with URLSession() as session:
        task = session.data(URLRequest(serve(hold).url()))
        with pytest.raises(UsageError, match="was resumed"):
            task.delegate = object()
        task.cancel()
