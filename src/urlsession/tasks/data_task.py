"""Data tasks: a reply's body in memory, or piece by piece to a delegate.

Decides who gets the body, and that a delegate that is slow makes the transfer
pause instead of memory grow. What comes while the delegate decides on the response is
kept, and is then the delegate's or the successor's (`ResponseDisposition`).

Source: Foundation's ``URLSessionDataTask``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..delegate import ResponseDisposition
from ..errors import URLError, URLErrorCode, UsageError
from .delivery import Callback
from .state import TaskState
from .task import URLSessionTask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ..loading.caching import Proposal
    from ..response import HTTPURLResponse
    from ..session import URLSession
    from .part_replies import PartReplies
    from .reply import Reply

__all__ = ("URLSessionDataTask",)

HIGH_WATER = 1024 * 1024  # bytes waiting for a delegate before the transfer pauses
LOW_WATER = 256 * 1024  # bytes waiting when it goes on
GATHERED_FROM = 256 * 1024  # bytes of a body that shows to be large


class URLSessionDataTask(URLSessionTask):
    """A task whose reply's body comes in memory, whole or piece by piece.

    Source: Foundation's ``URLSessionDataTask``.
    """

    kind: ClassVar[str] = "data"
    uses_cache: ClassVar[bool] = True

    _is_delegate_driven: bool = False
    _undelivered: int = 0
    _received_bytes: int = 0
    _gathers: bool = False
    _is_starved: bool = False
    _is_deciding: bool = False
    _early: list[bytes] | None = None
    _early_end: Callable[[], None] | None = None
    _takes_all_early: bool = False
    _successor: URLSessionTask | None = None
    _parts: PartReplies | None = None

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
        self._parts = _parts_of(response) if self._tells_everything else None
        if self._parts is None:
            self._tell_response(response)

    def _tell_response(self, response: HTTPURLResponse) -> None:
        if self._tells_everything and self._load is not None:
            # Held until the decision: what comes meanwhile is kept, and the idle timer
            # is off.
            self._is_deciding = self._load.is_undecided = True
            if not self._tell(
                "data_task_did_receive_response", response, then=self._disposed
            ):
                self._is_deciding = self._load.is_undecided = False

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        if self._is_deciding:
            is_taken = self._take_early(data)
            if is_taken is not None:
                return is_taken
        if self._successor is not None:
            return self._successor.load_did_receive_data(data)
        if not self._take(data):
            return False
        self._received_bytes += len(data)
        if self._received_bytes >= GATHERED_FROM and not self._gathers:
            self._gather()
        return True

    def _gather(self) -> None:
        if self._load is not None and self._parts is None:
            self._gathers = True
            self._load.gather()

    def load_did_receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """See `LoadClient`; a delegate gets them as one."""
        method = (
            self._method("data_task_did_receive_data")
            if self._tells_everything and self.prefers_incremental_delivery
            else None
        )
        if method is None or self._delivery is None:
            if self._load is not None:
                for piece in pieces:
                    self._load.keep(piece)
            return True
        data = b"".join(pieces)
        with self._core.lock:  # `_delivered` runs on another thread
            self._undelivered += len(data)
            is_full = self._is_starved = self._undelivered > HIGH_WATER
        self._post_data(method, data)
        return not is_full

    def _take_early(self, data: bytes) -> bool | None:
        """Keep what comes before the decision; None if that has just been made."""
        with self._core.lock:
            if not self._is_deciding:
                return None
            if self._undelivered > HIGH_WATER and not self._takes_all_early:
                self._is_starved = True
                return False
            if self._early is None:
                self._early = []
            self._early.append(data)
            self._undelivered += len(data)
            return True

    def _take(self, data: bytes) -> bool:
        method = (
            self._method("data_task_did_receive_data")
            if self._tells_everything
            else None
        )
        if self._parts is not None:
            return self._receive_parts(self._parts, method, data)
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
        self._post_data(method, data)
        return True

    def _receive_parts(
        self, parts: PartReplies, method: Callable[..., Any] | None, data: bytes
    ) -> bool:
        """Tell of a body whose parts replace each other."""
        with self._core.lock:
            if self._undelivered > HIGH_WATER:
                self._is_starved = True
                return False
        try:
            for found in parts.feed(data):
                if not isinstance(found, bytes):
                    self._response = found
                    self._tell_part(found)
                elif method is not None:
                    with self._core.lock:
                        self._undelivered += len(found)
                    self._post_data(method, found)
        except ValueError as error:  # it is not what its type says
            self._cancel(
                URLError(
                    URLErrorCode.CANNOT_PARSE_RESPONSE,
                    str(error),
                    failing_url=self.original_request.url,
                    task_id=self.task_identifier,
                    underlying=error,
                )
            )
        return True

    def _tell_part(self, response: HTTPURLResponse) -> None:
        # What comes meanwhile is queued behind it, parts too: they come one by one.
        if self._load is not None:
            self._load.is_undecided = self._tell(
                "data_task_did_receive_response", response, then=self._part_disposed
            )

    def _part_disposed(self, value: Any, error: BaseException | None) -> None:
        if self._load is not None:
            self._load.is_undecided = False
        self._is_let_in(value, error)

    def _is_let_in(self, value: Any, error: BaseException | None) -> bool:
        """Whether a decision lets the response in; if not, the task ends by it."""
        if error is not None or value not in (
            None,
            ResponseDisposition.ALLOW,
            ResponseDisposition.CANCEL,
        ):
            self._refuse_decision("data_task_did_receive_response", error)
            return False
        if value == ResponseDisposition.CANCEL:
            self.cancel()
            return False
        return True

    def _post_data(self, method: Callable[..., Any], data: bytes) -> None:
        session, delivery = self._session, self._delivery
        if delivery is None:
            return

        def tell() -> Any:
            if self._state is TaskState.CANCELING:
                return None
            return method(session, self, data)

        delivery.post(Callback(tell, lambda _value, _error: self._delivered(len(data))))

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
        if self._is_deciding and self._keeps_end(
            partial(self.load_did_finish, response, body)
        ):
            return
        if self._successor is not None:
            self._successor.load_did_finish(response, body)
            return
        parts = self._parts
        if parts is not None:
            left = parts.finish()
            if left:
                self._tell("data_task_did_receive_data", left)
            response = parts.latest or response
        elif (
            self._delivery is not None
            and body
            and self._tells_everything
            and not self.prefers_incremental_delivery
            and self._tell("data_task_did_receive_data", body)
        ):
            body = b""
        proposal: Proposal | None = getattr(self._load, "proposal", None)
        if proposal is not None:
            self._propose(proposal)
        self._end(None, response, body)

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`."""
        if self._is_deciding and self._keeps_end(partial(self.load_did_fail, error)):
            return
        if self._successor is not None:
            self._successor.load_did_fail(error)
            return
        super().load_did_fail(error)

    def load_did_send(self, total_bytes_sent: int, increment: int) -> None:
        """See `LoadClient`."""
        if self._successor is None:
            super().load_did_send(total_bytes_sent, increment)

    # -- the decision on the response ------------------------------------------

    def _keeps_end(self, end: Callable[[], None]) -> bool:
        with self._core.lock:
            if self._is_deciding:  # else it was decided just now, on another thread
                self._early_end = end
            return self._is_deciding

    def _propose(self, proposal: Proposal) -> None:
        """Store the reply, unless the delegate decides otherwise. After the body."""

        def decided(value: Any, error: BaseException | None) -> None:
            if error is None and value is not None:
                proposal.store_changed(value)

        if not self._tells_everything or not self._tell(
            "data_task_will_cache_response", proposal.cached, then=decided
        ):
            proposal.store()

    def _disposed(self, value: Any, error: BaseException | None) -> None:
        if self._load is not None:
            self._load.is_undecided = False
        if error is None and value == ResponseDisposition.BECOME_DOWNLOAD:
            self._become_download()
        elif error is None and value == ResponseDisposition.BECOME_STREAM:
            self._become_stream()
        elif self._is_let_in(value, error):
            self._allow()

    def _allow(self) -> None:
        """Let in what came meanwhile, before anything that comes now."""
        with self._core.lock:
            early, self._early = self._early, None
            self._undelivered = 0
            for piece in early or ():
                self._take(piece)
            self._is_deciding = False
        self._decided()

    def _become_download(self) -> None:
        """Hand load, callbacks and what came meanwhile to a download task."""
        from .download_task import URLSessionDownloadTask

        session, delivery = self._session, self._delivery
        if session is None or delivery is None:
            return
        successor = URLSessionDownloadTask._continuing(self, session)
        session._tell_created(successor)
        with self._core.lock:
            if not self._gives_way_to(successor, session):
                return
        self._tell("data_task_did_become_download_task", successor)
        delivery.post(Callback(self._complete))
        assert self._response is not None
        successor.load_did_receive_response(self._response)
        while early := self._next_early():
            for piece in early:
                successor.load_did_receive_data(piece)
        self._decided()

    def _gives_way_to(self, successor: URLSessionTask, session: URLSession) -> bool:
        """End for another task; False if it was cancelled meanwhile. Under the lock."""
        if self._has_ended:
            return False
        self._has_ended = True
        self._completed_at = self._created_at
        session._tasks[successor.task_identifier] = successor
        self._successor = successor
        return True

    def _become_stream(self) -> None:
        """Hand the connection and what came meanwhile to a stream task, or fail."""
        from .becoming_stream import take_connection
        from .stream_task import URLSessionStreamTask

        session, delivery = self._session, self._delivery
        if session is None or delivery is None:
            return
        self._takes_all_early = True
        try:
            load = take_connection(self._load, self._response)
        except URLError as error:
            if self._load is not None:
                self._load.cancel()
            self._is_deciding = False
            super().load_did_fail(error)
            return
        successor = URLSessionStreamTask._continuing(self, session)
        session._tell_created(successor)
        with self._core.lock:
            is_wanted = self._gives_way_to(successor, session)
            early = b"".join(self._early or ())
            self._early = None
            self._is_deciding = False
        if is_wanted:
            self._tell("data_task_did_become_stream_task", successor)
            delivery.post(Callback(self._complete))
        else:
            successor._stream.cancel()
        successor._take_over(load, early)

    def _next_early(self) -> list[bytes] | None:
        """Return what came meanwhile; None, and the decision is made, if nothing."""
        with self._core.lock:
            early, self._early = self._early, None
            self._undelivered = 0
            if early is None:
                self._is_deciding = False
            return early

    def _decided(self) -> None:
        end, self._early_end = self._early_end, None
        if end is not None:
            end()
        self._delivered(0)

    def _reply_value(self) -> Any:
        if self._successor is None:
            return self._reply
        raise UsageError(f"{self!r} became {self._successor!r}: wait for that")


def _parts_of(response: HTTPURLResponse) -> PartReplies | None:
    """Return the parts of a reply that replaces itself; None for any other."""
    if response.mime_type != "multipart/x-mixed-replace":
        return None
    from .part_replies import PartReplies  # for cameras only

    return PartReplies.of(response)
