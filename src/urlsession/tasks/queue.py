"""Where delegate methods and completion handlers run: the delegate queue.

Decides which thread runs user code. A queue runs what is submitted to it in
order, one at a time; a user's executor with several threads is accepted, and the
order is then the user's affair, as on Apple's platforms.

Source: Foundation's ``delegateQueue``.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from ..errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Executor

__all__ = ("WORKERS", "CallbackQueue", "DelegateQueue", "loop_queue", "make_queue")

# A string, so that asyncio (20 ms) is loaded by programs that use it only.
DelegateQueue: TypeAlias = "Executor | asyncio.AbstractEventLoop"
"""What a user may give as a session's delegate queue."""

Then = Callable[[Any, BaseException | None], None]
"""Takes an awaitable's result, or what it raised."""

WORKER_LINGER_S = 0.5  # seconds that a worker thread waits for more before it ends


class CallbackQueue(Protocol):
    """Runs user code. Any thread may call any method."""

    def submit(self, act: Callable[[], None]) -> None:
        """Run `act` after everything submitted before it."""

    def finish(self, awaitable: Awaitable[Any], then: Then) -> None:
        """Wait for a decision that is awaitable; only from code that runs here."""

    def is_current(self) -> bool:
        """Whether the caller runs on this queue: to wait for it there is to hang."""


def make_queue(
    given: DelegateQueue | None, loop: asyncio.AbstractEventLoop | None
) -> CallbackQueue:
    """Return the queue for a session.

    Args:
        given: What the user asked for; None for the default.
        loop: The loop that drives the session, the default queue of such a session.

    Raises:
        UsageError: `given` is neither an executor nor an event loop.
    """
    if given is None:
        return _SerialQueue() if loop is None else _LoopQueue(loop)
    if callable(getattr(given, "call_soon_threadsafe", None)):
        return _LoopQueue(cast("asyncio.AbstractEventLoop", given))
    if callable(getattr(given, "submit", None)):
        return _ExecutorQueue(cast("Executor", given))
    raise UsageError(
        "delegate_queue must be a concurrent.futures.Executor or an asyncio event "
        f"loop, not {type(given).__name__}"
    )


def loop_queue(loop: asyncio.AbstractEventLoop) -> CallbackQueue:
    """Return the queue of `loop`, whatever a session's delegate queue is."""
    return _LoopQueue(loop)


class _LoopQueue:
    """Runs user code on an event loop; awaitable decisions run as its tasks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, act: Callable[[], None]) -> None:
        """Run `act` in a later turn of the loop."""
        if self.is_current():
            self._loop.call_soon(act)
            return
        try:
            self._loop.call_soon_threadsafe(act)
        except RuntimeError:  # the loop is closed: there is nobody left to tell
            return

    def finish(self, awaitable: Awaitable[Any], then: Then) -> None:
        """Run the awaitable as a task of the loop."""

        async def run() -> None:
            try:
                result = await awaitable
            except BaseException as error:  # handed on; cancellation ends the task
                then(None, error)
                if not isinstance(error, Exception):
                    raise
                return
            then(result, None)

        task = self._loop.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_current(self) -> bool:
        """Whether the caller runs on the loop."""
        events: Any = sys.modules["asyncio.events"]  # whoever has a loop has it loaded
        return events._get_running_loop() is self._loop


class _ExecutorQueue:
    """Runs user code on a user's executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._running: set[int] = set()

    def submit(self, act: Callable[[], None]) -> None:
        """Hand `act` to the executor."""

        def run() -> None:
            me = threading.get_ident()
            self._running.add(me)
            try:
                act()
            finally:
                self._running.discard(me)

        try:
            self._executor.submit(run)
        except RuntimeError:  # shut down: there is nobody left to tell
            return

    def finish(self, awaitable: Awaitable[Any], then: Then) -> None:
        """Run the awaitable to its end on the executor's thread."""
        _run_to_end(awaitable, then)

    def is_current(self) -> bool:
        """Whether the caller runs on the executor."""
        return threading.get_ident() in self._running


class _SerialQueue:
    """A private queue: in order, one at a time, on a thread of the shared workers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._acts: deque[Callable[[], None]] = deque()
        self._is_scheduled = False
        self._thread = 0

    def submit(self, act: Callable[[], None]) -> None:
        """Run `act` after everything submitted before it."""
        with self._lock:
            self._acts.append(act)
            if self._is_scheduled:
                return
            self._is_scheduled = True
        _workers.submit(self._drain)

    def finish(self, awaitable: Awaitable[Any], then: Then) -> None:
        """Run the awaitable on another worker.

        A decision that takes its time must not hold up the callbacks of other tasks,
        nor the end of a cancelled one.
        """
        _workers.submit(partial(_run_to_end, awaitable, then))

    def is_current(self) -> bool:
        """Whether the caller runs on this queue."""
        return self._thread == threading.get_ident()

    def _drain(self) -> None:
        self._thread = threading.get_ident()
        while True:
            with self._lock:
                if not self._acts:
                    self._is_scheduled = False
                    self._thread = 0
                    return
                act = self._acts.popleft()
            try:
                act()
            except BaseException:  # SystemExit ends this thread, not the queue
                self._thread = 0
                _workers.submit(self._drain)
                raise
            del act  # what it holds may be the last reference to a session


class _Workers:
    """Threads that serial queues share; each ends when there is nothing to do."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._idle = 0

    def submit(self, job: Callable[[], None]) -> None:
        with self._condition:
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._condition.notify()
                return
        threading.Thread(
            target=self._run, name="urlsession-callbacks", daemon=True
        ).start()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._jobs:
                    self._idle += 1
                    self._condition.wait(WORKER_LINGER_S)
                    self._idle -= 1
                if not self._jobs:
                    return
                job = self._jobs.popleft()
            job()
            del job


_workers = _Workers()


class _WorkerQueue:
    """The workers themselves: everything on a thread of its own, in no order."""

    def submit(self, act: Callable[[], None]) -> None:
        """Run `act` on a worker."""
        _workers.submit(act)

    def finish(self, awaitable: Awaitable[Any], then: Then) -> None:
        """Run the awaitable to its end on this worker."""
        _run_to_end(awaitable, then)

    def is_current(self) -> bool:
        """Never: to wait on one worker for another is no harm."""
        return False


WORKERS: CallbackQueue = _WorkerQueue()
"""Runs what may block and belongs to no queue."""


def _run_to_end(awaitable: Awaitable[Any], then: Then) -> None:
    import asyncio  # only here, for a decision that is awaitable

    async def run() -> Any:
        return await awaitable

    try:
        result = asyncio.run(run())
    except BaseException as error:  # handed on to the task that waits for it
        then(None, error)
    else:
        then(result, None)


def _forget_workers() -> None:
    """In a forked child there are no workers: the next callback starts one."""
    global _workers
    _workers = _Workers()


os.register_at_fork(after_in_child=_forget_workers)
