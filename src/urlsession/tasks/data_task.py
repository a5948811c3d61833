"""Data tasks: a reply's body in memory, or piece by piece to a delegate.

Decides who gets the body, and that a delegate that is slow makes the transfer
pause instead of memory grow.

Source: Foundation's ``URLSessionDataTask``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..delegate import ResponseDisposition
from .delivery import Callback
from .state import TaskState
from .task import URLSessionTask

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..response import HTTPURLResponse
    from .reply import Reply

__all__ = ("URLSessionDataTask",)

HIGH_WATER = 1024 * 1024  # bytes waiting for a delegate before the transfer pauses
LOW_WATER = 256 * 1024  # bytes waiting when it goes on


class URLSessionDataTask(URLSessionTask):
    """A task whose reply's body comes in memory, whole or piece by piece.

    Source: Foundation's ``URLSessionDataTask``.
    """

    kind: ClassVar[str] = "data"

    _is_delegate_driven: bool = False
    _undelivered: int = 0
    _is_starved: bool = False

    if TYPE_CHECKING:  # the base class serves tasks with other results too

        def __await__(self) -> Generator[Any, None, Reply]: ...

        def result(self, timeout: float | None = None) -> Reply:
            """Wait for the reply; see `URLSessionTask.result`."""

    @property
    def _tells_everything(self) -> bool:
        return self._is_delegate_driven and self._completion is None

    def _prepare_delivery(self) -> None:
        super()._prepare_delivery()
        if self._delivery is None:
            return
        names = ["task_did_receive_informational_response"]
        if self._tells_everything:
            names += ["data_task_did_receive_response", "data_task_did_receive_data"]
        self._tells_data = any(self._method(name) is not None for name in names)

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        self._response = response
        if self._tells_everything and self._load is not None:
            # Held until the decision: what comes meanwhile is queued behind it, and
            # the idle timer is off.
            self._load.is_undecided = self._tell(
                "data_task_did_receive_response", response, then=self._disposed
            )

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        method = (
            self._method("data_task_did_receive_data")
            if self._tells_everything
            else None
        )
        if method is None or self._delivery is None:
            if self._load is not None:
                self._load.keep(data)
            return True
        if not self.prefers_incremental_delivery and self._load is not None:
            self._load.keep(data)
            return True
        with self._core.lock:  # `_delivered` runs on another thread
            if self._undelivered > HIGH_WATER:
                self._is_starved = True
                return False
            self._undelivered += len(data)
        session = self._session

        def tell() -> Any:
            if self._state is TaskState.CANCELING:
                return None
            return method(session, self, data)

        self._delivery.post(
            Callback(tell, lambda _value, _error: self._delivered(len(data)))
        )
        return True

    def _delivered(self, count: int) -> None:
        with self._core.lock:
            self._undelivered -= count
            must_proceed = self._is_starved and self._undelivered <= LOW_WATER
            if must_proceed:
                self._is_starved = False
        if must_proceed and self._load is not None:
            self._load.take_again()

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """See `LoadClient`."""
        if (
            self._delivery is not None
            and body
            and self._tells_everything
            and not self.prefers_incremental_delivery
            and self._tell("data_task_did_receive_data", body)
        ):
            body = b""
        super().load_did_finish(response, body)

    def _disposed(self, value: Any, error: BaseException | None) -> None:
        if self._load is not None:
            self._load.is_undecided = False
        if error is not None or value not in (
            None,
            ResponseDisposition.ALLOW,
            ResponseDisposition.CANCEL,
        ):
            self._refuse_decision("data_task_did_receive_response", error)
        elif value == ResponseDisposition.CANCEL:
            self.cancel()
