"""Section 3.1 and some of 1: what a session and its tasks say of themselves."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

from urlsession import (
    TaskState,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
)
from urlsession.response import TRANSFER_SIZE_UNKNOWN
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    answering,
    redirecting,
    wait_until,
)

if TYPE_CHECKING:
    from ..conftest import Serve

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that answers with the path."""
    return serve(answering(lambda request: (200, [], request.target.encode())))


@pytest.mark.parity("3.1:taskIdentifier", "3.1:taskDescription")
def test_tasks_are_numbered_within_their_session(server: LoopbackServer) -> None:
    """From one; the label is the user's."""
    with URLSession() as one, URLSession() as other:
        made = [session.data_task(server.url()) for session in (one, one, other)]
        made[0].task_description = "the first"

        assert [task.task_identifier for task in made] == [1, 2, 1]
        assert "the first" in repr(made[0])


@pytest.mark.parity("1:sessionDescription")
def test_session_has_a_label_of_the_users() -> None:
    """None until it is set."""
    with URLSession() as session:
        assert session.session_description is None
        session.session_description = "uploads"

        assert session.session_description == "uploads"


@pytest.mark.parity("3.1:currentRequest", "3.1:originalRequest")
def test_request_that_was_redirected_is_the_current_one(serve: Serve) -> None:
    """The original one stays, and is a copy of what was given."""
    server = serve(redirecting({"/old": (302, "/new")}))
    given = URLRequest(server.url("/old"))
    with URLSession() as session:
        task = session.data(given)
        given.set_value("X-Later", "of the caller's")
        task.result(5)

    assert task.original_request.url == server.url("/old")
    assert task.original_request.value("X-Later") is None
    assert task.current_request is not None
    assert task.current_request.url == server.url("/new")


@pytest.mark.parity(
    "3.1:response",
    "3.1:countOfBytesExpectedToReceive",
    "1:NSURLSessionTransferSizeUnknown",
)
def test_task_has_its_response_before_the_body(serve: Serve) -> None:
    """The expected count is none before the head, then what the head says."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/known":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
                go.wait(5)
                connection.send(b"cd")
            else:
                connection.send(CHUNKED)
                connection.send_chunk(b"a")
                connection.send_chunk(b"")

    server = serve(handle)
    with URLSession() as session:
        chunks, response = session.bytes(server.url("/known")).result(5)
        assert chunks.task.response is response
        assert chunks.task.count_of_bytes_expected_to_receive == 4
        go.set()
        assert chunks.read() == b"abcd"
        task = session.data_task(server.url("/unknown"))
        assert (task.response, task.count_of_bytes_expected_to_receive) == (None, 0)
        task.resume()
        task.result(5)

        assert task.count_of_bytes_expected_to_receive == TRANSFER_SIZE_UNKNOWN == -1


@pytest.mark.parity("3.1:countOfBytesClientExpectsToSend/Receive")
def test_progress_goes_by_what_the_client_expects(serve: Serve) -> None:
    """Where neither the request nor the head tells."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(CHUNKED)
            connection.send_chunk(b"x" * 50)
            go.wait(5)
            connection.send_chunk(b"")

    with URLSession() as session:
        chunks, _ = session.bytes(serve(handle).url()).result(5)
        assert wait_until(lambda: chunks.task.count_of_bytes_received > 0)
        assert chunks.task.progress.fraction is None
        chunks.task.count_of_bytes_client_expects_to_receive = 200
        got = chunks.task.progress
        go.set()
        chunks.read()

    assert (got.total, got.fraction) == (200, got.completed / 200)


@pytest.mark.parity("3.1:resume()")
def test_extra_resumes_are_harmless(server: LoopbackServer) -> None:
    """One suspension is still enough to stop the task."""
    with URLSession() as session:
        task = session.data_task(server.url())
        task.resume()
        task.resume()
        task.result(5)
        task.resume()
        waiting = session.data_task(server.url())
        waiting.suspend()
        waiting.resume()
        assert waiting.state is TaskState.SUSPENDED  # made so, and suspended once
        waiting.resume()

        assert waiting.result(5).data == b"/"


@pytest.mark.parity("3.1:prefersIncrementalDelivery")
def test_body_is_told_of_once_where_that_is_preferred(serve: Serve) -> None:
    """Whole, however it came."""
    pieces = [b"a" * 1000, b"b" * 1000, b"c" * 1000]

    def handle(connection: ServerConnection) -> None:
        while connection.recv_request():
            connection.send(CHUNKED)
            for one in (*pieces, b""):
                connection.send_chunk(one)

    told = RecordingDelegate()
    with URLSession(delegate=told) as session:
        task = session.data_task(serve(handle).url())
        task.prefers_incremental_delivery = False
        task.resume()
        task.result(5)

    pieces_told = told.named("data_task_did_receive_data")
    assert [one.args[-1] for one in pieces_told] == [b"".join(pieces)]


@pytest.mark.parity("1:getAllTasks / allTasks", "16.3:getAllTasks")
def test_running_tasks_are_listed_and_no_others(serve: Serve) -> None:
    """Neither the never-resumed nor the finished; none after an invalidation."""
    go = threading.Event()

    def handle(connection: ServerConnection) -> None:
        while request := connection.recv_request():
            if request.target == "/held":
                connection.hold()
                return
            if request.target == "/slow":
                go.wait(5)
            connection.send_response(200, body=b"x")

    server = serve(handle)
    with URLSession() as session:
        session.data(server.url("/quick")).result(5)
        running = session.data(server.url("/slow"))
        session.data_task(server.url())
        assert wait_until(lambda: session.all_tasks() == [running])
        go.set()
        running.result(5)
        assert wait_until(lambda: session.all_tasks() == [])
        never = session.data(server.url("/held"))
        session.invalidate_and_cancel()
        with pytest.raises(Exception, match="cancelled"):
            never.result(5)

        assert wait_until(lambda: session.all_tasks() == [])


@pytest.mark.parity("1:copying")
def test_copy_of_a_session_or_a_task_is_itself(server: LoopbackServer) -> None:
    """A configuration's copy is independent."""
    configuration = URLSessionConfiguration.default()
    with URLSession(configuration) as session:
        task = session.data_task(server.url())

        assert copy.copy(session) is session
        assert copy.copy(task) is task
        assert copy.copy(configuration) is not configuration


@pytest.mark.parity("16.3:invalidate twice")
def test_session_may_be_invalidated_twice(server: LoopbackServer) -> None:
    """And is told of once."""
    told = RecordingDelegate()
    session = URLSession(delegate=told)
    session.data(server.url()).result(5)
    session.finish_tasks_and_invalidate()
    session.finish_tasks_and_invalidate()
    session.invalidate_and_cancel()
    told.wait_for("session_did_become_invalid")

    assert told.count("session_did_become_invalid") == 1


@pytest.mark.parity(
    "16.1:task delegate held until the task completes",
    "16.1:completion handlers released after running",
    "16.5:delegate",
)
def test_task_lets_go_of_its_delegate_and_handler(server: LoopbackServer) -> None:
    """When it has ended; a session of either kind has a delegate of its own."""

    class Delegate:
        pass

    def handler(*_: object) -> None:
        done.set()

    done = threading.Event()
    delegate, held = Delegate(), Delegate()
    refs = [weakref.ref(one) for one in (delegate, handler)]
    with URLSession(URLSessionConfiguration.ephemeral(), delegate=held) as session:
        task = session.data(server.url(), delegate=delegate)
        handled = session.data_task(server.url(), handler)
        handled.resume()
        assert done.wait(5)
        task.result(5)
        handled.result(5)
        assert session.delegate is held
        del delegate, handler
        gc.collect()

        assert [ref() for ref in refs] == [None, None]
        assert task.delegate is None
