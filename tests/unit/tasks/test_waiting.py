"""Waiters of both doors are woken from any thread, and hurt nobody when gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from urlsession.tasks.waiting import Waiter, new_future, new_lock, wake

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def test_lock_holds_until_it_is_woken() -> None:
    """From another thread."""
    lock = new_lock()

    assert not lock.acquire(blocking=False)
    thread = threading.Thread(target=wake, args=([lock],))
    thread.start()
    assert lock.acquire(timeout=5)
    thread.join(5)


def test_future_is_resolved_at_once_on_its_own_loop(loop_factory: LoopFactory) -> None:
    """No turn of the loop is spent."""

    async def story() -> bool:
        future = new_future()
        wake([future])
        return future.done()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(story())


def test_future_is_woken_from_another_thread(loop_factory: LoopFactory) -> None:
    """And the loop with it."""

    async def story() -> None:
        future = new_future()
        thread = threading.Thread(target=wake, args=([future],))
        thread.start()
        await asyncio.wait_for(future, 5)
        thread.join(5)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())


def test_future_is_woken_from_another_loop(loop_factory: LoopFactory) -> None:
    """The loop that wakes is not the one that waits."""

    async def wake_it(future: Waiter) -> None:
        wake([future])

    async def story() -> None:
        future = new_future()
        await asyncio.to_thread(lambda: asyncio.run(wake_it(future)))
        await asyncio.wait_for(future, 5)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(story())


def test_future_that_is_done_stays_as_it_is() -> None:
    """Who waited was cancelled, or was woken before."""

    async def story() -> None:
        cancelled, woken = new_future(), new_future()
        cancelled.cancel()
        wake([woken])
        wake([cancelled, woken])

        assert cancelled.cancelled()
        assert woken.result() is None

    asyncio.run(story())


def test_closed_loop_keeps_nobody_from_being_woken() -> None:
    """Those behind it in the list get their turn."""

    async def story() -> asyncio.Future[None]:
        return new_future()

    stale = asyncio.run(story())
    lock = new_lock()
    wake([stale, lock])

    assert not stale.done()
    assert lock.acquire(blocking=False)
