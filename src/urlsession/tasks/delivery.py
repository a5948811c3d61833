"""The callbacks of one task, in order, on the delegate queue.

Decides when the next callback may run: after the one before it has returned, and
after its decision is known if it is awaitable. Other tasks go on meanwhile. Knows
nothing of what the callbacks mean.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .queue import CallbackQueue

__all__ = ("Callback", "Delivery", "report_callback_error")


class Callback(NamedTuple):
    """One call of user code.

    Attributes:
        call: Calls it; returns its result or an awaitable of that.
        then: Takes the result, or what was raised; runs on the same queue.
    """

    call: Callable[[], Any]
    then: Callable[[Any, BaseException | None], None] | None = None


class Delivery:
    """An ordered line of callbacks. Any thread may post."""

    __slots__ = ("_awaited", "_callbacks", "_is_busy", "_lock", "_queue")

    def __init__(self, queue: CallbackQueue) -> None:
        self._queue = queue
        self._lock = threading.RLock()
        self._callbacks: deque[Callback] = deque()
        self._is_busy = False
        self._awaited: Callback | None = None

    def post(self, callback: Callback) -> None:
        """Run `callback` after everything posted before it."""
        with self._lock:
            self._callbacks.append(callback)
            if self._is_busy:
                return
            self._is_busy = True
        self._queue.submit(self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._callbacks:
                    self._is_busy = False
                    return
                callback = self._callbacks.popleft()
            try:
                result = callback.call()
            except BaseException as error:  # user code: a decision is refused then
                self._done(callback, None, error)
                if not isinstance(error, Exception):
                    self._queue.submit(self._run)  # before this thread is left
                    raise
                continue
            if hasattr(result, "__await__"):
                self._awaited = callback
                self._queue.finish(result, partial(self._finished, callback))
                return
            self._done(callback, result, None)

    def _finished(
        self, callback: Callback, value: Any, error: BaseException | None
    ) -> None:
        with self._lock:
            if self._awaited is not callback:
                return  # abandoned: nobody wants to know any more
            self._awaited = None
        self._done(callback, value, error)
        self._queue.submit(self._run)

    def abandon_decision(self) -> None:
        """Go on without the decision that is awaited, if one is; it will be ignored."""
        with self._lock:
            if self._awaited is None:
                return
            self._awaited = None
        self._queue.submit(self._run)

    def _done(
        self, callback: Callback, value: Any, error: BaseException | None
    ) -> None:
        if error is not None:
            report_callback_error(error)
        if callback.then is not None:
            try:
                callback.then(value, error)
            except Exception as refused:  # the others must still be told
                report_callback_error(refused)


def report_callback_error(error: BaseException) -> None:
    """Log what user code raised: there is no caller to raise it to."""
    import logging  # 5 ms that a program without errors need not pay

    logging.getLogger("urlsession").error(
        "delegate method or completion handler raised %s",
        type(error).__name__,
        exc_info=error,
    )
