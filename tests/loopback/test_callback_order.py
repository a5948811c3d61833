"""The order in which a session tells: sections 16 and 17 of the reference."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    SessionInvalidatedError,
    TaskState,
    URLError,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionTask,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    ServerConnection,
    answering,
)

from .telling import (
    COMPLETE,
    DATA,
    END,
    INVALID,
    MADE,
    METRICS,
    REDIRECT,
    RESPONSE,
    Run,
    answer,
    both_doors,
    half,
    held,
    load,
    once,
)

if TYPE_CHECKING:
    from ..conftest import Serve


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server whose paths are statuses."""
    return serve(answering(answer))


@pytest.fixture
def delegate() -> RecordingDelegate:
    """Return a delegate that lets everything happen."""
    return RecordingDelegate()


# -- sequences ---------------------------------------------------------------------


@both_doors
@pytest.mark.parametrize(
    ("method", "path", "between"),
    [
        ("GET", "/200", [RESPONSE, DATA]),
        ("GET", "/404", [RESPONSE, DATA]),
        ("GET", "/500", [RESPONSE, DATA]),
        ("HEAD", "/200", [RESPONSE]),
        ("GET", "/204", [RESPONSE]),
        ("GET", "/302", [REDIRECT, RESPONSE, DATA]),
        ("HEAD", "/307", [REDIRECT, RESPONSE]),
        ("GET", "/300", [RESPONSE, DATA]),
        ("GET", "/304", [RESPONSE]),
        ("GET", "/399", [RESPONSE, DATA]),
    ],
)
@pytest.mark.parity("4:URLSession:task:didFinishCollectingMetrics:")
def test_delegate_is_told_in_order(
    server: LoopbackServer,
    delegate: RecordingDelegate,
    run: Run,
    method: str,
    path: str,
    between: list[str],
) -> None:
    """Any status is a success; only what has a body brings data."""
    task = run(delegate, URLRequest(server.url(path), method=method))

    assert once(delegate.names) == [MADE, *between, *END]
    assert delegate.named(COMPLETE)[0].args == (task, None)


@pytest.mark.parametrize("status", [301, 302, 303, 305, 307, 308])
def test_every_redirect_is_told_before_the_response(
    server: LoopbackServer, delegate: RecordingDelegate, status: int
) -> None:
    """305 too, as on Apple; the callback has the redirect's own response."""
    load(delegate, server.url(f"/{status}"))

    assert once(delegate.names) == [MADE, REDIRECT, RESPONSE, DATA, *END]
    told: Any = delegate.named(REDIRECT)[0].args
    _, response, request = told
    assert (response.status_code, request.url) == (status, server.url("/200"))
    assert delegate.received == b"body 200"


@both_doors
@pytest.mark.parity("15:refused redirect")
def test_refused_redirect_is_the_result(server: LoopbackServer, run: Run) -> None:
    """The 3xx comes as response, data, complete, like any other reply."""
    delegate = RecordingDelegate({REDIRECT: lambda *_: None})

    task = run(delegate, server.url("/302"))

    assert once(delegate.names) == [MADE, REDIRECT, RESPONSE, DATA, *END]
    assert delegate.named(RESPONSE)[0].args[1].status_code == 302  # type: ignore[attr-defined]  # recorded as object
    assert delegate.received == b"body 302"
    assert task.error is None


@pytest.mark.parity("4:URLSession:task:didReceiveInformationalResponse:")
def test_informational_responses_come_before_the_response(
    serve: Serve, delegate: RecordingDelegate
) -> None:
    """One message for each 1xx."""

    def hint(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        connection.send_response(200, body=b"x")

    load(delegate, serve(hint).url())

    informational = "task_did_receive_informational_response"
    assert delegate.names == [
        MADE, informational, informational, RESPONSE, DATA, *END,
    ]  # fmt: skip


@pytest.mark.parity("18:20 #3829 upload progress")
def test_sent_body_is_told_before_the_response(
    server: LoopbackServer, delegate: RecordingDelegate
) -> None:
    """The last message has the whole length as sent and as expected."""
    body = b"x" * 300_000
    load(delegate, URLRequest(server.url("/200"), method="POST", body=body))

    sent = "task_did_send_body_data"
    assert once(delegate.names) == [MADE, sent, RESPONSE, DATA, *END]
    assert delegate.named(sent)[-1].args[2:] == (300_000, 300_000)


@pytest.mark.parity("3.1:error")
def test_failed_load_is_told_of_by_metrics_and_complete(
    serve: Serve, delegate: RecordingDelegate
) -> None:
    """The error of the message is the task's own."""

    def reset(connection: ServerConnection) -> None:
        connection.recv_request()
        connection.reset()

    task = load(delegate, serve(reset).url())

    assert delegate.names == [MADE, *END]
    assert delegate.named(COMPLETE)[0].args == (task, task.error)
    assert task.error is not None
    assert task.error.code is URLErrorCode.NETWORK_CONNECTION_LOST


# -- who is told what --------------------------------------------------------------


@both_doors
@pytest.mark.parity("17:completion-handler task")
def test_task_with_handler_tells_the_delegate_of_neither_response_nor_data(
    server: LoopbackServer, delegate: RecordingDelegate, run: Run
) -> None:
    """Redirects and metrics are told; the result goes to the handler, after them."""
    results: list[Any] = []

    def handler(*result: object) -> None:
        results.append(result)
        delegate.calls.append(delegate.calls[-1])  # where in the order it came

    async def story() -> None:
        async with URLSession(delegate=delegate) as session:
            session.data_task(server.url("/302"), handler).resume()

    if run is load:
        asyncio.run(story())
    else:
        with URLSession(delegate=delegate) as session:
            session.data_task(server.url("/302"), handler).resume()

    assert delegate.names == [MADE, REDIRECT, METRICS, METRICS, INVALID]
    [(data, response, error)] = results
    assert (data, response.status_code, error) == (b"body 200", 200, None)


@both_doors
@pytest.mark.parity("17:awaited task")
def test_awaited_task_tells_its_delegate_of_its_life_only(
    server: LoopbackServer, run: Run
) -> None:
    """Redirects and metrics; neither response nor data nor complete."""
    told, session_told = RecordingDelegate(), RecordingDelegate()
    url = server.url("/302")

    async def story() -> Any:
        async with URLSession(delegate=session_told) as session:
            return await session.data(url, delegate=told)

    if run is load:
        reply = asyncio.run(story())
    else:
        with URLSession(delegate=session_told) as session:
            reply = session.data(url, delegate=told).result(5)

    assert reply.data == b"body 200"
    assert told.names == [MADE, REDIRECT, METRICS]
    assert session_told.names == [INVALID]


@pytest.mark.parity("4:resolution per method")
def test_task_delegate_is_asked_method_by_method(server: LoopbackServer) -> None:
    """What the task's delegate lacks, the session's delegate is told."""

    class Refuses:
        def task_will_perform_http_redirection(self, *_: object) -> None:
            return None

    told = RecordingDelegate()

    async def story() -> int:
        async with URLSession(delegate=told) as session:
            reply = await session.data(server.url("/302"), delegate=Refuses())
            return reply.status_code

    assert asyncio.run(story()) == 302
    assert told.names == [MADE, METRICS, INVALID]


@pytest.mark.parity("3.1:state")
def test_state_is_completed_and_metrics_are_there_when_complete_is_told(
    server: LoopbackServer,
) -> None:
    """The delegate of the task is reset only after that."""
    seen: list[object] = []

    class Looks:
        def task_did_complete(
            self, session: URLSession, task: URLSessionTask, error: object
        ) -> None:
            seen.append((task.state, task.metrics is not None, task.delegate is self))

    async def story() -> URLSessionTask:
        async with URLSession() as session:
            task = session.data_task(server.url("/200"))
            task.delegate = Looks()
            task.resume()
            await task
            return task

    task = asyncio.run(story())

    assert seen == [(TaskState.COMPLETED, True, True)]
    assert task.delegate is None


@pytest.mark.parity("1:delegate")
def test_session_drops_its_delegate_after_its_last_message(
    server: LoopbackServer,
) -> None:
    """While the message is told, the session still has it."""
    seen: list[object] = []

    class Looks:
        def session_did_become_invalid(
            self, session: URLSession, error: object
        ) -> None:
            seen.append((session.delegate is self, error))

    with URLSession(delegate=Looks()) as session:
        session.data(server.url("/200")).result(5)

    assert seen == [(True, None)]
    assert session.delegate is None


# -- cancelling --------------------------------------------------------------------


@both_doors
@pytest.mark.parity("3.1:cancel()")
def test_task_cancelled_before_resume_ends_without_a_connection(
    server: LoopbackServer, delegate: RecordingDelegate, run: Run
) -> None:
    """Metrics and complete come all the same."""

    async def story() -> None:
        async with URLSession(delegate=delegate) as session:
            session.data_task(server.url("/200")).cancel()

    if run is load:
        asyncio.run(story())
    else:
        with URLSession(delegate=delegate) as session:
            session.data_task(server.url("/200")).cancel()

    assert delegate.names == [MADE, *END]
    error = delegate.named(COMPLETE)[0].args[1]
    assert isinstance(error, URLError)
    assert error.code is URLErrorCode.CANCELLED
    assert server.accepted == 0


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("handler", [held, half], ids=["before-head", "in-body"])
@pytest.mark.parity("3.1:cancel()", "4:URLSession:task:didCompleteWithError:")
def test_task_cancelled_while_running_ends_once(
    serve: Serve, delegate: RecordingDelegate, times: int, handler: Any
) -> None:
    """The state is CANCELING at once, COMPLETED when it is told."""
    server = serve(handler)
    states: list[TaskState] = []
    with URLSession(delegate=delegate) as session:
        task = session.data_task(server.url())
        task.resume()
        server.wait_requests(1)
        if handler is half:
            delegate.wait_for(DATA)
        for _ in range(times):
            task.cancel()
        states.append(task.state)
        delegate.wait_for(COMPLETE)

    assert states[0] in (TaskState.CANCELING, TaskState.COMPLETED)
    assert task.state is TaskState.COMPLETED
    assert delegate.names[-3:] == END
    assert delegate.count(COMPLETE) == delegate.count(METRICS) == 1
    assert task.error is not None
    assert task.error.code is URLErrorCode.CANCELLED


@pytest.mark.parity("17:cancel")
def test_cancelled_task_is_canceling_until_it_is_told(serve: Serve) -> None:
    """On a loop nothing can come between."""
    server = serve(held)
    told = RecordingDelegate()

    async def story() -> TaskState:
        async with URLSession(delegate=told) as session:
            task = session.data_task(server.url())
            task.resume()
            await asyncio.to_thread(server.wait_requests, 1)
            task.cancel()
            return task.state

    assert asyncio.run(story()) is TaskState.CANCELING
    assert told.names == [MADE, *END]


@pytest.mark.parity("8:cancelled (-999)", "18:25 #3250 cancel() error")
def test_handler_is_called_once_when_its_task_is_cancelled(serve: Serve) -> None:
    """With neither data nor response."""
    server = serve(half)
    results: list[object] = []
    with URLSession() as session:
        task = session.data_task(server.url(), lambda *result: results.append(result))
        task.resume()
        server.wait_requests(1)
        task.cancel()
        task.cancel()

    assert results == [(None, None, task.error)]
    assert task.error is not None
    assert task.error.code is URLErrorCode.CANCELLED


def test_cancel_of_a_completed_task_changes_nothing(server: LoopbackServer) -> None:
    """Nor do resume and suspend."""
    told = RecordingDelegate()
    task = load(told, server.url("/200"))

    task.cancel()
    task.suspend()
    task.resume()

    assert (task.state, task.error) == (TaskState.COMPLETED, None)
    assert told.count(COMPLETE) == 1


# -- the end of a session ----------------------------------------------------------


@pytest.mark.parity(
    "1:finishTasksAndInvalidate()",
    "16.2:finish_tasks_and_invalidate(): returns, refuses, finishes, tells, drops, closes",
    "17:session end",
)
def test_finish_lets_the_running_task_end_before_the_session_does(
    serve: Serve, delegate: RecordingDelegate
) -> None:
    """Its callbacks come as ever, then the session's last message."""
    go = threading.Event()

    def wait(connection: ServerConnection) -> None:
        connection.recv_request()
        go.wait(5)
        connection.send_response(200, body=b"x")

    server = serve(wait)
    session = URLSession(delegate=delegate)
    task = session.data_task(server.url())
    task.resume()
    server.wait_requests(1)
    session.finish_tasks_and_invalidate()
    assert session.delegate is delegate
    go.set()
    delegate.wait_for(INVALID)

    assert delegate.names == [MADE, RESPONSE, DATA, *END]
    assert task.error is None


@both_doors
@pytest.mark.parity(
    "1:invalidateAndCancel()",
    "16.2:invalidate_and_cancel(): cancels, tells, drops, closes",
    "A:6 didBecomeInvalid before didComplete; shared can be invalidated; never-resumed tasks block",
)
def test_invalidate_and_cancel_tells_each_task_before_the_session(
    serve: Serve, delegate: RecordingDelegate, run: Run
) -> None:
    """Also a task that was never resumed, and one that has just been resumed."""
    server = serve(held)

    def begin(session: URLSession) -> None:
        session.data_task(server.url())
        for _ in range(8):
            session.data_task(server.url()).resume()
        kept.append(session.data_task(server.url()))
        session.invalidate_and_cancel()

    async def story() -> None:
        async with URLSession(delegate=delegate) as session:
            begin(session)

    kept: list[URLSessionTask] = []
    if run is load:
        asyncio.run(story())
    else:
        with URLSession(delegate=delegate) as session:
            begin(session)

    assert delegate.count(COMPLETE) == 10
    assert delegate.names[-1] == INVALID
    codes = {call.args[1].code for call in delegate.named(COMPLETE)}  # type: ignore[attr-defined]  # recorded as object
    assert codes == {URLErrorCode.CANCELLED}


@pytest.mark.parity(
    "16.3:a task never resumed",
    "A:6 didBecomeInvalid before didComplete; shared can be invalidated; never-resumed tasks block",
)
def test_session_waits_for_a_slow_last_message_of_a_task_that_was_never_resumed(
    server: LoopbackServer,
) -> None:
    """Awaitable callbacks do not let the session's end overtake the task's."""

    async def slow(*_arguments: object) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    told = RecordingDelegate({METRICS: slow})

    async def story() -> None:
        async with URLSession(delegate=told) as session:
            task = session.data_task(server.url("/200"))
            session.finish_tasks_and_invalidate()
            assert task.state is not TaskState.RUNNING

    asyncio.run(story())

    assert told.names == [MADE, *END]


@both_doors
@pytest.mark.parity("16.3:create a task inside a cancelled task's didComplete")
def test_session_may_be_invalidated_from_inside_task_did_complete(
    server: LoopbackServer, run: Run
) -> None:
    """The task is over, so its error stays None; a second call is harmless."""

    def invalidate(session: URLSession, *_: object) -> None:
        session.invalidate_and_cancel()
        session.invalidate_and_cancel()
        with pytest.raises(SessionInvalidatedError):
            session.data_task(server.url("/200"))

    told = RecordingDelegate({COMPLETE: invalidate})
    task = run(told, server.url("/200"))

    assert told.names == [MADE, RESPONSE, DATA, *END]
    assert task.error is None


@pytest.mark.parity("4:URLSession:didBecomeInvalidWithError:")
def test_session_without_tasks_is_told_of_its_end(delegate: RecordingDelegate) -> None:
    """Once, however often it is invalidated."""
    with URLSession(delegate=delegate) as session:
        session.finish_tasks_and_invalidate()
        session.invalidate_and_cancel()

    assert delegate.names == [INVALID]
