"""Where user code runs: in order, one at a time, on the thread that was asked for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from urlsession.errors import UsageError
from urlsession.tasks import queue as queue_module
from urlsession.tasks.queue import CallbackQueue, make_queue

WAIT_S = 5


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let idle workers end at once, or every test would wait for them to."""
    monkeypatch.setattr(queue_module, "WORKER_LINGER_S", 0.005)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """Return a user's executor with one thread."""
    with ThreadPoolExecutor(1, "mine") as executor:
        yield executor


@pytest.fixture(params=["serial", "executor"])
def queue(request: pytest.FixtureRequest) -> CallbackQueue:
    """Return a queue that runs on a thread."""
    given = request.param == "executor" and request.getfixturevalue("executor")
    return make_queue(given or None, None)


def drain(queue: CallbackQueue) -> None:
    """Wait until everything submitted so far has run."""
    event = threading.Event()
    queue.submit(event.set)
    assert event.wait(WAIT_S)


async def value() -> int:
    """Return a decision after a turn of the loop."""
    await asyncio.sleep(0)
    return 7


async def failing() -> int:
    """Raise instead of deciding."""
    await asyncio.sleep(0)
    raise KeyError("no")


# -- on a thread -------------------------------------------------------------------


def test_acts_run_in_order(queue: CallbackQueue) -> None:
    """However many are submitted, and by whomever."""
    ran: list[int] = []
    for number in range(200):
        queue.submit(partial(ran.append, number))
    drain(queue)

    assert ran == list(range(200))


def test_acts_of_a_serial_queue_never_overlap() -> None:
    """Though several threads submit, and the workers are shared."""
    queue = make_queue(None, None)
    inside = threading.Lock()
    overlaps: list[int] = []

    def act() -> None:
        if not inside.acquire(blocking=False):
            overlaps.append(1)
            return
        inside.release()

    def submit_many() -> None:
        for _ in range(300):
            queue.submit(act)

    threads = [threading.Thread(target=submit_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    drain(queue)

    assert overlaps == []


@pytest.mark.parity("A:7 pool closed on dealloc; one queue for all sessions")
def test_two_serial_queues_do_not_wait_for_each_other() -> None:
    """One session's slow callback is no other's affair."""
    slow, fast = make_queue(None, None), make_queue(None, None)
    go = threading.Event()

    def act() -> None:
        go.wait(WAIT_S)

    slow.submit(act)
    try:
        drain(fast)
    finally:
        go.set()
    drain(slow)


def test_queue_knows_that_it_is_current(queue: CallbackQueue) -> None:
    """Inside an act, and nowhere else."""
    found: list[bool] = []
    queue.submit(lambda: found.append(queue.is_current()))
    drain(queue)

    assert found == [True]
    assert not queue.is_current()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
def test_raised_error_leaves_the_others_of_the_queue_alone(
    queue: CallbackQueue, error: type[BaseException]
) -> None:
    """The act after it runs, and the queue is not thought current any more."""

    def act() -> None:
        raise error

    queue.submit(act)
    drain(queue)

    assert not queue.is_current()


@pytest.mark.parametrize(
    ("decide", "expected"), [(value, (7, None)), (failing, (None, KeyError))]
)
def test_awaitable_is_run_to_its_end_on_the_queue(
    queue: CallbackQueue, decide: Callable[[], Any], expected: tuple[object, object]
) -> None:
    """Its result, or what it raised, is handed on."""
    got: list[tuple[object, object]] = []
    is_told = threading.Event()

    def then(result: Any, error: BaseException | None) -> None:
        got.append((result, error and type(error)))
        is_told.set()

    queue.submit(lambda: queue.finish(decide(), then))
    drain(queue)
    assert is_told.wait(5)

    assert got == [expected]


def test_awaitable_does_not_hold_up_a_serial_queue() -> None:
    """The next callback runs while the decision is still pending."""
    queue = make_queue(None, None)
    decision: Future[str] = Future()
    got: list[object] = []
    is_told = threading.Event()

    async def decide() -> str:
        return await asyncio.wrap_future(decision)

    def then(result: Any, _error: BaseException | None) -> None:
        got.append(result)
        is_told.set()

    queue.submit(lambda: queue.finish(decide(), then))
    queue.submit(lambda: decision.set_result("late"))
    assert is_told.wait(5)

    assert got == ["late"]


def test_executor_that_was_shut_down_is_nobody_to_tell() -> None:
    """The user ended it first; that is no error of the load."""
    executor = ThreadPoolExecutor(1)
    queue = make_queue(executor, None)
    executor.shutdown()

    queue.submit(lambda: None)


def test_serial_queue_keeps_nothing_that_it_has_run() -> None:
    """What an act holds may be the last reference to a session."""
    queue = make_queue(None, None)
    freed = threading.Event()

    class Held:
        def __del__(self) -> None:
            freed.set()

    held = Held()
    queue.submit(lambda held=held: None)  # type: ignore[misc]  # holds it, no more
    del held

    assert freed.wait(WAIT_S)
    drain(queue)


# -- on a loop ---------------------------------------------------------------------


def test_loop_queue_runs_in_a_later_turn_of_the_loop() -> None:
    """In order, also what another thread submits."""
    ran: list[str] = []

    async def story() -> None:
        queue = make_queue(None, asyncio.get_running_loop())
        queue.submit(lambda: ran.append("first"))
        assert ran == []
        assert queue.is_current()
        await asyncio.to_thread(submit, queue)
        await asyncio.sleep(0)

    def submit(queue: CallbackQueue) -> None:
        assert not queue.is_current()
        queue.submit(lambda: ran.append("second"))

    asyncio.run(story())

    assert ran == ["first", "second"]


@pytest.mark.parametrize(
    ("decide", "expected"), [(value, (7, None)), (failing, (None, KeyError))]
)
def test_loop_queue_runs_an_awaitable_as_a_task(
    decide: Callable[[], Any], expected: tuple[object, object]
) -> None:
    """The loop goes on meanwhile."""

    async def story() -> tuple[object, object]:
        loop = asyncio.get_running_loop()
        queue = make_queue(loop, None)
        got: asyncio.Future[tuple[object, object]] = loop.create_future()

        def then(result: Any, error: BaseException | None) -> None:
            got.set_result((result, error and type(error)))

        queue.finish(decide(), then)
        assert not got.done()
        return await asyncio.wait_for(got, WAIT_S)

    assert asyncio.run(story()) == expected


def test_cancelled_decision_of_a_loop_is_handed_on() -> None:
    """Whoever ends the loop's tasks ends the wait for them too."""
    got: list[BaseException | None] = []

    async def story() -> None:
        queue = make_queue(asyncio.get_running_loop(), None)
        queue.finish(asyncio.Event().wait(), lambda _, error: got.append(error))
        await asyncio.sleep(0)
        (decision,) = asyncio.all_tasks() - {asyncio.current_task()}
        decision.cancel()
        await asyncio.wait([decision])

    asyncio.run(story())

    assert [type(error) for error in got] == [asyncio.CancelledError]


def test_closed_loop_is_nobody_to_tell() -> None:
    """Its program is over."""

    async def story() -> CallbackQueue:
        return make_queue(asyncio.get_running_loop(), None)

    asyncio.run(story()).submit(lambda: None)


# -- what may be given -------------------------------------------------------------


def test_given_queue_beats_the_sessions_loop(executor: ThreadPoolExecutor) -> None:
    """The user asked for it."""

    async def story() -> bool:
        queue = make_queue(executor, asyncio.get_running_loop())
        return queue.is_current()

    assert asyncio.run(story()) is False


@pytest.mark.parametrize("given", [1, "loop", object()])
def test_other_objects_are_refused(given: Any) -> None:
    """At the call, naming what came."""
    with pytest.raises(UsageError, match=type(given).__name__):
        make_queue(given, None)
