"""One call on a WebSocket task, as its caller holds it: awaited or waited for.

Decides that a call which nobody waits for any more takes no message with it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import URLError
from .waiting import Waiter, new_future, new_lock, wake

if TYPE_CHECKING:
    from .conversation import Conversation
    from .web_socket_task import URLSessionWebSocketTask

__all__ = ("ReceiveCall", "SendCall", "WebSocketCall")

_T = TypeVar("_T")
_WAITING, _DONE, _FAILED, _TAKEN = range(4)

Completion = Callable[[Any, URLError | None], object]


class WebSocketCall(Generic[_T]):
    """Await it, or take its `result`; both may be done once or not at all.

    A call holds its task: a WebSocket that somebody waits on stays open.
    """

    __slots__ = ("__weakref__", "_completion", "_state", "_task", "_value", "_waiters")

    def __init__(
        self,
        task: URLSessionWebSocketTask,
        completion: Completion | None = None,
    ) -> None:
        self._task = task
        self._completion = completion
        self._state = _WAITING
        self._value: Any = None  # the result, or the error
        self._waiters: list[Waiter] | None = None

    @property
    def is_done(self) -> bool:
        """Whether there is a result or an error."""
        return self._state != _WAITING

    def result(self, timeout: float | None = None) -> _T:
        """Wait for the result.

        Args:
            timeout: Seconds to wait; None for as long as it takes. What was called
                for is given up when they have passed, except that a message which
                waits to be sent will be sent.

        Raises:
            URLError: It failed: see the method that was called.
            TimeoutError: `timeout` passed.
            UsageError: Called where the session is driven from, or where its
                callbacks run: waiting there would never end. Await it instead.
        """
        if self._state == _WAITING and not self._wait(timeout):
            self._conversation.abandon(self)
            raise TimeoutError(f"nothing came of it in {timeout:g} s: {self._task!r}")
        return self._outcome()

    def __await__(self) -> Generator[Any, None, _T]:
        if self._state == _WAITING:
            self._task._refuse_unstarted()
            future = new_future()
            self._add(future)
            try:
                yield from future
            except BaseException:
                self._conversation.abandon(self)
                raise
        return self._outcome()

    # -- for the conversation -------------------------------------------------------

    def resolve(self, value: Any, error: URLError | None = None) -> None:
        """Set the result or the error, once, and wake who waits."""
        task = self._task
        with task._conversation.lock:
            if self._state != _WAITING:
                return
            self._value = value if error is None else error
            self._state = _DONE if error is None else _FAILED
            waiters, self._waiters = self._waiters, None
        if waiters is not None:
            wake(waiters)
        if self._completion is not None:
            completion, self._completion = self._completion, None
            self._state = _TAKEN
            task._post(lambda: completion(value, error))
        if waiters is None:  # a thread that waits may drive the pool meanwhile
            task._conversation.rouse()

    # -- waiting ------------------------------------------------------------------------

    @property
    def _conversation(self) -> Conversation:
        return self._task._conversation

    def _add(self, waiter: Waiter) -> None:
        with self._conversation.lock:
            if self._state != _WAITING:
                wake([waiter])
            elif self._waiters is None:
                self._waiters = [waiter]
            else:
                self._waiters.append(waiter)

    def _wait(self, timeout: float | None) -> bool:
        task = self._task
        task._refuse_unstarted()
        core = task._core
        core.refuse_waiting(task)
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        core.driver.wait(core.web_socket_pool, lambda: self.is_done, deadline)
        if self.is_done:
            return True
        lock = new_lock()
        self._add(lock)
        left_s = -1.0 if timeout is None else max(0.0, deadline - time.monotonic())
        return lock.acquire(timeout=left_s)

    def _outcome(self) -> _T:
        if self._state == _FAILED:
            error = self._value
            try:
                raise error
            finally:
                del self, error  # the traceback's frame must not hold the task
        self._state = _TAKEN
        value: _T = self._value
        return value


class SendCall(WebSocketCall[None]):
    """Done when the kernel has the whole message."""

    __slots__ = ()

    def was_written(self) -> None:
        """See `Sending`."""
        self.resolve(None)

    def was_dropped(self) -> None:
        """See `Sending`."""
        self.resolve(None, self._conversation.error_of_calls())


class ReceiveCall(WebSocketCall["str | bytes"]):
    """Done when a message is there; given back if nobody takes it.

    Attributes:
        serial: Of its message, so that it can be put back into its place.
    """

    __slots__ = ("serial",)

    serial: int

    def take_back(self) -> str | bytes | None:
        """Return the message that was not taken, as if it had never been given."""
        if self._state != _DONE:
            return None
        self._state = _TAKEN
        value: str | bytes = self._value
        return value

    def __del__(self) -> None:
        if self._state == _DONE:
            self._task._conversation.abandon(self)
