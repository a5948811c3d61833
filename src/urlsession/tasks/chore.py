"""Something that a session does at once, and tells of on the delegate queue.

Decides when the completion of `URLSession.reset` and `URLSession.flush` is called, and
how one waits for it in either door.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from .delivery import report_callback_error
from .waiting import new_future, new_lock, wake

if TYPE_CHECKING:
    from .core import SessionCore
    from .waiting import Waiter

__all__ = ("Chore",)


class Chore:
    """What was done, to be awaited or waited for; or neither.

    Args:
        core: The session's.
        completion: Called without arguments on the delegate queue; None for nothing.
    """

    def __init__(
        self, core: SessionCore, completion: Callable[[], object] | None
    ) -> None:
        self._core = core
        self._completion = completion
        self._waiters: list[Waiter] = []
        self._is_done = completion is None
        if completion is not None:
            core.queue.submit(self._tell)

    def is_over(self) -> bool:
        """Whether the completion has returned, if there is one."""
        return self._is_done

    def result(self, timeout: float | None = None) -> None:
        """Wait until it is done, and its completion has returned.

        Args:
            timeout: Seconds to wait; None for as long as it takes.

        Raises:
            TimeoutError: `timeout` passed.
            UsageError: Called where the completion has to run.
        """
        if self.is_over():
            return
        self._core.refuse_waiting(self)
        lock = new_lock()
        with self._core.lock:
            if self.is_over():
                return
            self._waiters.append(lock)
        if not lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            raise TimeoutError(f"completion has not returned after {timeout:g} s")

    def __await__(self) -> Generator[Any, None, None]:
        if self.is_over():
            return
        future = new_future()
        with self._core.lock:
            if self.is_over():
                return
            self._waiters.append(future)
        yield from future

    def _tell(self) -> None:
        completion, self._completion = self._completion, None
        if completion is None:
            return
        try:
            result = completion()
        except Exception as error:  # user code; what was to be done is done
            report_callback_error(error)
        else:
            if hasattr(result, "__await__"):
                self._core.queue.finish(result, self._told)
                return
        self._end()

    def _told(self, _value: object, error: BaseException | None) -> None:
        if error is not None:
            report_callback_error(error)
        self._end()

    def _end(self) -> None:
        with self._core.lock:
            self._is_done = True
            waiters, self._waiters = self._waiters, []
        wake(waiters)
