"""Where callbacks run, what they decide, and what becomes of what they raise."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import (
    ResponseDisposition,
    URLErrorCode,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    URLSessionTask,
)
from urlsession.testing import (
    LoopbackServer,
    RecordingDelegate,
    answering,
    fixed_body,
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
    load,
    load_blocking,
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


# -- decisions ---------------------------------------------------------------------


@both_doors
@pytest.mark.parity("17:a decision may be late and from any thread")
def test_awaitable_decision_holds_the_task(server: LoopbackServer, run: Run) -> None:
    """Nothing more is told until the coroutine has returned."""
    told = RecordingDelegate()

    class Decides:
        async def data_task_did_receive_response(
            self, _session: object, _task: object, response: object
        ) -> ResponseDisposition:
            for _ in range(10):
                await asyncio.sleep(0)
            told.calls.append(told.calls[0])
            return ResponseDisposition.ALLOW

        async def task_will_perform_http_redirection(
            self, _session: object, _task: object, _response: object, new: URLRequest
        ) -> URLRequest:
            await asyncio.sleep(0)
            new.set_value("X-Changed", "yes")
            return new

        def __getattr__(self, name: str) -> Any:
            return getattr(told, name)

    run(Decides(), server.url("/302"))

    assert once(told.names) == [MADE, DATA, *END]
    assert server.requests[-1].header("X-Changed") == "yes"


@both_doors
@pytest.mark.parametrize("is_async", [False, True], ids=["plain", "awaitable"])
@pytest.mark.parity("1:ResponseDisposition", "18:2 #3236 disposition ignored")
def test_response_refused_by_the_delegate_cancels_the_task(
    server: LoopbackServer, run: Run, is_async: bool
) -> None:
    """After the refusal no data is told, even if it was there."""

    async def later(*_: object) -> ResponseDisposition:
        await asyncio.sleep(0)
        return ResponseDisposition.CANCEL

    told = RecordingDelegate(
        {RESPONSE: later if is_async else ResponseDisposition.CANCEL}
    )
    task = run(told, server.url("/200"))

    assert told.names == [MADE, RESPONSE, *END]
    assert task.error is not None
    assert task.error.code is URLErrorCode.CANCELLED


@pytest.mark.parity("15:timeout while a redirect is decided")
def test_redirect_decision_left_open_never_times_out(server: LoopbackServer) -> None:
    """The idle timer is off while the delegate thinks."""

    async def think(_session: object, *args: object) -> object:
        await asyncio.sleep(0.4)
        return args[-1]

    told = RecordingDelegate({REDIRECT: think})
    request = URLRequest(server.url("/302"))
    request.timeout_interval = 0.1
    task = load(told, request)

    assert task.error is None
    assert told.received == b"body 200"


def test_decision_after_cancel_is_ignored(server: LoopbackServer) -> None:
    """A redirect that is decided too late is not followed."""

    async def late(_session: object, task: URLSessionTask, *args: object) -> object:
        task.cancel()
        await asyncio.sleep(0)
        return args[-1]

    told = RecordingDelegate({REDIRECT: late})
    task = load(told, server.url("/302"))

    assert told.names == [MADE, REDIRECT, *END]
    assert task.error is not None
    assert server.request_count == 1


# -- the delegate queue ------------------------------------------------------------


def test_callbacks_of_a_session_on_a_loop_come_on_the_loop(
    server: LoopbackServer, delegate: RecordingDelegate
) -> None:
    """The default queue of such a session is its loop."""
    load(delegate, server.url("/200"))

    assert {c.thread for c in delegate.calls} == {threading.current_thread().name}


@pytest.mark.parity("17:everything on the delegate queue")
def test_callbacks_of_a_session_without_a_loop_come_on_one_queue(
    server: LoopbackServer, delegate: RecordingDelegate
) -> None:
    """Neither on the caller's thread nor on the one that does the I/O."""
    load_blocking(delegate, server.url("/200"))

    threads = {call.thread for call in delegate.calls if call.name != MADE}
    assert threads == {"urlsession-callbacks"}


@both_doors
@pytest.mark.parity(
    "1:init(configuration:delegate:delegateQueue:)",
    "16.1:session holds its delegate queue",
)
def test_callbacks_come_on_the_executor_that_was_given(
    server: LoopbackServer, delegate: RecordingDelegate, run: Run
) -> None:
    """In order, if it has one thread."""
    with ThreadPoolExecutor(1, "mine") as executor:
        run(delegate, server.url("/302"), delegate_queue=executor)

    assert once(delegate.names) == [MADE, REDIRECT, RESPONSE, DATA, *END]
    assert {c.thread for c in delegate.calls if c.name != MADE} == {"mine_0"}


@pytest.mark.parity("1:delegateQueue")
def test_callbacks_come_on_the_loop_that_was_given(
    server: LoopbackServer, delegate: RecordingDelegate
) -> None:
    """Also if another thread drives the session; coroutines run there too."""
    threads: list[str] = []

    async def note(*_: object) -> None:
        await asyncio.sleep(0)
        threads.append(threading.current_thread().name)

    class Notes(RecordingDelegate):
        pass

    told = Notes({RESPONSE: note})

    async def story() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(
            load_blocking, told, server.url("/200"), delegate_queue=loop
        )

    asyncio.run(story())

    assert told.names == [MADE, RESPONSE, DATA, *END]
    assert threads == [threading.current_thread().name]


@pytest.mark.parity(
    "17:everything on the delegate queue", "17:order between tasks not promised"
)
def test_callbacks_of_one_session_never_overlap(server: LoopbackServer) -> None:
    """A serial queue runs one at a time, whatever task they are of."""
    inside = threading.Lock()
    overlaps: list[int] = []

    def enter(*_: object) -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(1)
            return
        threading.Event().wait(0.001)
        inside.release()

    names = (RESPONSE, DATA, METRICS, COMPLETE)
    told = RecordingDelegate(dict.fromkeys(names, enter))
    with URLSession(delegate=told) as session:
        for _ in range(20):
            session.data_task(server.url("/200")).resume()

    assert told.count(COMPLETE) == 20
    assert overlaps == []


@pytest.mark.parity(
    "4:URLSession:didCreateTask:", "17:did_create_task on the creating thread"
)
def test_did_create_task_comes_on_the_creating_thread_before_the_factory_returns(
    server: LoopbackServer, delegate: RecordingDelegate
) -> None:
    """The one message that does not go through the delegate queue."""
    with URLSession(delegate=delegate) as session:
        task = session.data_task(server.url("/200"))
        names = list(delegate.names)
        task.resume()
        task.result(5)

    assert names == [MADE]
    assert delegate.calls[0].thread == threading.current_thread().name
    assert delegate.calls[-1].thread != threading.current_thread().name


# -- what user code raises ---------------------------------------------------------


class OopsError(Exception):
    """Raised by user code."""


def oops(*_: object) -> None:
    """Raise."""
    raise OopsError


async def oops_later(*_: object) -> None:
    """Raise, once awaited."""
    await asyncio.sleep(0)
    raise OopsError


@both_doors
@pytest.mark.parametrize("fails", [oops, oops_later], ids=["plain", "awaitable"])
@pytest.mark.parametrize("name", [DATA, METRICS, COMPLETE, INVALID])
def test_error_of_a_telling_method_is_logged_and_nothing_else(
    server: LoopbackServer,
    caplog: pytest.LogCaptureFixture,
    run: Run,
    name: str,
    fails: Any,
) -> None:
    """The task and the session end as if it had returned."""
    told = RecordingDelegate({name: fails})
    with caplog.at_level(logging.ERROR, "urlsession"):
        task = run(told, server.url("/200"))

    assert told.names == [MADE, RESPONSE, DATA, *END]
    assert task.error is None
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [OopsError]


@both_doors
@pytest.mark.parametrize("fails", [oops, oops_later], ids=["plain", "awaitable"])
@pytest.mark.parametrize("name", [REDIRECT, RESPONSE])
def test_error_of_a_deciding_method_ends_the_task(
    server: LoopbackServer, run: Run, name: str, fails: Any
) -> None:
    """There is no decision to go on with; the error has the cause."""
    told = RecordingDelegate({name: fails})
    task = run(told, server.url("/302"))

    assert told.names[-3:] == END
    assert DATA not in told.names
    assert task.error is not None
    assert task.error.code is URLErrorCode.CANCELLED
    assert isinstance(task.error.underlying, OopsError)


@both_doors
def test_error_of_did_create_task_leaves_the_task_as_it_is(
    server: LoopbackServer, run: Run
) -> None:
    """It is logged like any other."""
    told = RecordingDelegate({MADE: oops})
    task = run(told, server.url("/200"))

    assert told.names == [MADE, RESPONSE, DATA, *END]
    assert task.error is None


def test_error_of_a_handler_ends_neither_session_nor_queue(
    server: LoopbackServer,
) -> None:
    """The next handler is called."""
    results: list[object] = []
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        session.data_task(server.url("/200"), oops).resume()
        session.data_task(server.url("/200"), lambda *r: results.append(r)).resume()

    assert len(results) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_exit_raised_by_a_delegate_method_does_not_stop_the_queue(
    serve: Serve,
) -> None:
    """Not even what is no `Exception` may leave others waiting."""

    def leave(*_: object) -> None:
        raise SystemExit

    told = RecordingDelegate({RESPONSE: leave})
    with URLSession(delegate=told) as session:
        task = session.data_task(serve(fixed_body(b"x")).url())
        task.resume()
        told.wait_for(COMPLETE)

    assert told.names[-3:] == END
    assert task.error is not None
