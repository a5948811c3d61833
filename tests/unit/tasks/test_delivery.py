"""The next callback runs when the one before it has been decided."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from urlsession.tasks.delivery import Callback, Delivery


class HandQueue:
    """A queue that a test turns by hand; awaitables end when the test says so."""

    def __init__(self) -> None:
        self.acts: deque[Callable[[], None]] = deque()
        self.awaited: list[Callable[[Any, BaseException | None], None]] = []

    def submit(self, act: Callable[[], None]) -> None:
        self.acts.append(act)

    def finish(
        self,
        awaitable: Awaitable[Any],
        then: Callable[[Any, BaseException | None], None],
    ) -> None:
        self.awaited.append(then)

    def is_current(self) -> bool:
        return False

    def run(self) -> None:
        """Run everything that was submitted."""
        while self.acts:
            self.acts.popleft()()


class Decision:
    """An awaitable that nobody awaits: the queue's `finish` stands in for it."""

    def __await__(self) -> Any:
        raise AssertionError("the fake queue does not run awaitables")


@pytest.fixture
def queue() -> HandQueue:
    """Return the queue under the test's hand."""
    return HandQueue()


@pytest.fixture
def delivery(queue: HandQueue) -> Delivery:
    """Return a task's line of callbacks on that queue."""
    return Delivery(queue)


def raising(error: type[BaseException]) -> Callable[[], Any]:
    """Return user code that raises."""

    def call() -> Any:
        raise error

    return call


def test_callbacks_run_in_order_and_not_in_post(
    queue: HandQueue, delivery: Delivery
) -> None:
    """Posting runs nothing; one turn of the queue runs all there is."""
    ran: list[int] = []
    for number in range(3):
        delivery.post(Callback(partial(ran.append, number)))

    assert ran == []
    assert len(queue.acts) == 1
    queue.run()
    assert ran == [0, 1, 2]


def test_callback_posted_by_a_callback_runs_after_it(
    queue: HandQueue, delivery: Delivery
) -> None:
    """Not inside."""
    ran: list[str] = []

    def outer() -> None:
        delivery.post(Callback(lambda: ran.append("inner")))
        ran.append("outer")

    delivery.post(Callback(outer))
    queue.run()

    assert ran == ["outer", "inner"]


def test_result_is_handed_on_before_the_next_callback(
    queue: HandQueue, delivery: Delivery
) -> None:
    """Whoever asked decides first."""
    ran: list[object] = []
    delivery.post(Callback(lambda: 7, lambda value, error: ran.append((value, error))))
    delivery.post(Callback(lambda: ran.append("next")))
    queue.run()

    assert ran == [(7, None), "next"]


def test_awaitable_decision_holds_the_line(
    queue: HandQueue, delivery: Delivery
) -> None:
    """Until it is known; the queue is free for other tasks meanwhile."""
    ran: list[object] = []
    delivery.post(Callback(Decision, lambda value, _error: ran.append(value)))
    delivery.post(Callback(lambda: ran.append("next")))
    queue.run()

    assert ran == []
    queue.awaited[0]("allow", None)
    queue.run()
    assert ran == ["allow", "next"]


def test_abandoned_decision_lets_the_line_go_on_and_is_ignored(
    queue: HandQueue, delivery: Delivery
) -> None:
    """The task was cancelled: nobody wants to know any more."""
    ran: list[object] = []
    delivery.post(Callback(Decision, lambda value, _error: ran.append(value)))
    delivery.post(Callback(lambda: ran.append("next")))
    queue.run()
    delivery.abandon_decision()
    queue.run()
    queue.awaited[0]("allow", None)
    queue.run()

    assert ran == ["next"]


def test_abandoning_without_a_decision_changes_nothing(
    queue: HandQueue, delivery: Delivery
) -> None:
    """Before the first callback, and while others wait."""
    delivery.abandon_decision()
    ran: list[str] = []
    delivery.post(Callback(lambda: ran.append("one")))
    delivery.abandon_decision()
    queue.run()

    assert ran == ["one"]


def test_error_is_logged_and_handed_on(
    queue: HandQueue, delivery: Delivery, caplog: pytest.LogCaptureFixture
) -> None:
    """The callback after it runs."""
    ran: list[object] = []
    with caplog.at_level(logging.ERROR, "urlsession"):
        delivery.post(
            Callback(raising(KeyError), lambda value, error: ran.append(type(error)))
        )
        delivery.post(Callback(lambda: ran.append("next")))
        queue.run()

    assert ran == [KeyError, "next"]
    assert [record.name for record in caplog.records] == ["urlsession"]
    assert "KeyError" in caplog.text


def test_exit_ends_the_thread_and_not_the_line(
    queue: HandQueue, delivery: Delivery
) -> None:
    """`SystemExit` passes on; the rest has been handed to the queue before."""
    ran: list[object] = []
    delivery.post(
        Callback(raising(SystemExit), lambda _value, error: ran.append(type(error)))
    )
    delivery.post(Callback(lambda: ran.append("next")))

    with pytest.raises(SystemExit):
        queue.run()
    queue.run()
    assert ran == [SystemExit, "next"]
