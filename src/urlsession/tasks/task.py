"""Tasks: one load each, as the user holds it.

Decides who gets the reply (awaiters, a completion handler, a delegate), in which
order they are told, and when the task is over. A task that runs holds its
session; a finished one does not.

Source: Foundation's ``URLSessionTask``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..connections import LEDGER, capture_call_site
from ..delegate import find_method
from ..errors import URLError, URLErrorCode, UsageError
from ..loading.hints import urgency
from ..loading.http import HTTPLoad
from ..loading.registry import REGISTRY
from ..request import URLRequest
from ..response import TRANSFER_SIZE_UNKNOWN
from .delivery import Callback, Delivery
from .reply import Reply
from .state import TRANSITIONS, TaskEvent, TaskState
from .waiting import new_future, new_lock, wake

if TYPE_CHECKING:
    from ..challenge import URLAuthenticationChallenge
    from ..loading.client import Load
    from ..metrics import URLSessionTaskMetrics
    from ..response import HTTPURLResponse, URLResponse
    from ..session import URLSession
    from .progress import Progress
    from .waiting import Waiter

__all__ = ("CompletionHandler", "URLSessionTask")

CompletionHandler = Callable[
    [bytes | None, "HTTPURLResponse | None", URLError | None], object
]
"""Called once with (data, response, error) on the delegate queue."""

_monotonic = time.monotonic
_reply = Reply._make  # a third faster than the call


class URLSessionTask:
    """One load. Made by a session; awaited, waited for, or told of by callbacks.

    ``await task`` and ``task.result()`` give the `Reply` or raise the `URLError`.
    Cancelling the asyncio task that awaits cancels the load. Every method may be
    called from any thread.

    Attributes:
        task_identifier: Number of this task, unique within its session.
        original_request: The request as it was given.
        task_description: A label of the user's.
        priority: Hint from 0.0 to 1.0, for servers that send several replies over one
            connection: goes with the request, as ``Priority`` (RFC 9218). Set it
            before `resume`.
        count_of_bytes_client_expects_to_send: What `progress` goes by where the
            request does not tell; -1 for not known.
        count_of_bytes_client_expects_to_receive: The same for the reply.
        earliest_begin_date: For background sessions; does not act yet.
        prefers_incremental_delivery: False to have the body delivered at once.
    """

    kind: ClassVar[str] = "other"
    """``data``, ``upload``, ``download``, or ``other``: the list of `URLSession.tasks`."""

    DEFAULT_PRIORITY: ClassVar[float] = 0.5
    LOW_PRIORITY: ClassVar[float] = 0.25
    HIGH_PRIORITY: ClassVar[float] = 0.75

    task_description: str | None = None
    priority: float = DEFAULT_PRIORITY
    count_of_bytes_client_expects_to_send: int = TRANSFER_SIZE_UNKNOWN
    count_of_bytes_client_expects_to_receive: int = TRANSFER_SIZE_UNKNOWN
    earliest_begin_date: object | None = None
    prefers_incremental_delivery: bool = True

    uses_cache: ClassVar[bool] = False
    """Whether replies come from the cache, and are stored there; data tasks' do."""

    # Defaults on the class: one task is made for each request.
    _state: TaskState = TaskState.SUSPENDED
    _suspensions: int = 1
    _has_ended: bool = False
    _load: Load | None = None
    _next_request: URLRequest | None = None
    _response: HTTPURLResponse | None = None
    _error: URLError | None = None
    _reply: Reply | None = None
    _waiters: list[Waiter] | None = None
    _delivery: Delivery | None = None
    _delegate: object | None = None
    _completion: Callable[..., object] | None = None
    _tells_data: bool = False
    _completed_at: float | None = None

    def __init__(
        self, session: URLSession, task_identifier: int, request: URLRequest
    ) -> None:
        self.task_identifier = task_identifier
        self.original_request = request
        self._session: URLSession | None = session
        self._core = session._core
        self._created_at = _monotonic()

    # -- what one may ask ------------------------------------------------------

    @property
    def state(self) -> TaskState:
        """Where the task stands."""
        return self._state

    @property
    def current_request(self) -> URLRequest:
        """The request of the present transaction; changes with a redirect."""
        if self._next_request is not None:
            return self._next_request
        return self.original_request if self._load is None else self._load.request

    @property
    def response(self) -> URLResponse | None:
        """The latest response; None before one came."""
        return self._response

    @property
    def error(self) -> URLError | None:
        """Why the task failed; None before that, and after success."""
        return self._error

    @property
    def delegate(self) -> object | None:
        """Asked before the session's delegate; may be set until the task is resumed.

        Raises (when set):
            UsageError: The task was resumed already.
        """
        return self._delegate

    @delegate.setter
    def delegate(self, delegate: object | None) -> None:
        if self._load is not None or self._state is not TaskState.SUSPENDED:
            raise UsageError(
                f"{self!r} was resumed: its delegate can be set before that only"
            )
        self._delegate = delegate

    @property
    def metrics(self) -> URLSessionTaskMetrics | None:
        """What was measured; None until the task is over."""
        if self._completed_at is None:
            return None
        from .measure import task_metrics  # 4 ms for a program that never asks

        transactions = [] if self._load is None else self._load.transactions()
        return task_metrics(self._created_at, self._completed_at, transactions)

    @property
    def progress(self) -> Progress:
        """How far body and reply have come."""
        from .progress import Progress

        return Progress(
            completed=self.count_of_bytes_sent + self.count_of_bytes_received,
            total=_sum_of_known(
                _known(
                    self.count_of_bytes_expected_to_send,
                    self.count_of_bytes_client_expects_to_send,
                ),
                _known(
                    self.count_of_bytes_expected_to_receive,
                    self.count_of_bytes_client_expects_to_receive,
                ),
            ),
        )

    @property
    def count_of_bytes_sent(self) -> int:
        """Body bytes sent."""
        return 0 if self._load is None else self._load.count_of_bytes_sent()

    @property
    def count_of_bytes_received(self) -> int:
        """Body bytes received, before decoding."""
        return 0 if self._load is None else self._load.count_of_bytes_received()

    @property
    def count_of_bytes_expected_to_send(self) -> int:
        """Length of the request's body; -1 if a stream does not tell."""
        length_sent = getattr(self._load, "body_length", None)
        if length_sent is not None:
            return int(length_sent)
        request = self.original_request
        if request.http_body is not None:
            return len(request.http_body)
        if request.http_body_stream is None:
            return 0
        length = request.value("Content-Length")
        if length is not None and length.isdigit():
            return int(length)
        return TRANSFER_SIZE_UNKNOWN

    @property
    def count_of_bytes_expected_to_receive(self) -> int:
        """Length of the reply's body: 0 before the head came, -1 if not known."""
        if self._response is None:
            return 0
        return self._response.expected_content_length

    # -- what one may do -------------------------------------------------------

    def resume(self) -> None:
        """Start the task, or go on after as many `suspend` calls.

        A task that cannot even start (bad URL) fails like any other.
        """
        with self._core.lock:
            if self._suspensions == 0:
                return
            self._suspensions -= 1
            if self._suspensions or self._state is not TaskState.SUSPENDED:
                return
            self._state = TRANSITIONS[self._state][TaskEvent.RESUME]
        load = self._load
        if load is None:
            self._start(2)
        else:
            load.proceed()

    def suspend(self) -> None:
        """Pause the task and its time-outs; each call needs a `resume` of its own."""
        with self._core.lock:
            if self._state not in (TaskState.RUNNING, TaskState.SUSPENDED):
                return
            self._suspensions += 1
            was_running = self._state is TaskState.RUNNING
            self._state = TRANSITIONS[self._state][TaskEvent.SUSPEND]
        if was_running and self._load is not None:
            self._load.hold()

    def cancel(self) -> None:
        """Stop the task; it ends with ``URLErrorCode.CANCELLED``. Returns at once."""
        error = URLError(
            URLErrorCode.CANCELLED,
            "task was cancelled",
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
        )
        self._cancel(error)

    def result(self, timeout: float | None = None) -> Any:
        """Wait until the task is over and return its reply.

        Args:
            timeout: Seconds to wait; None for as long as it takes. The task goes on
                when they have passed.

        Raises:
            URLError: The load failed.
            TimeoutError: `timeout` passed.
            UsageError: Called where the load is driven from, or where its callbacks
                run: waiting there would never end. Await the task instead. Or: the
                task was not resumed.
        """
        if not self._is_ready():
            self._wait(timeout)
        if self._error is not None:
            error = self._error
            try:
                raise error
            finally:
                del self, error  # the traceback's frame must not hold the task
        return self._reply_value()

    def __await__(self) -> Generator[Any, None, Any]:
        if not self._is_ready():
            if self._load is None:
                self._refuse_unstarted()
            core = self._core
            if core.pool.is_kept:
                core.driver.take_back(core.pool)
            future = new_future()
            with self._core.lock:
                if self._is_ready():
                    future.set_result(None)
                elif self._waiters is None:
                    self._waiters = [future]
                else:
                    self._waiters.append(future)
            try:
                yield from future
            except BaseException:
                # Whoever awaited was cancelled, or the loop is going down.
                if not self._is_ready():
                    self.cancel()
                raise
        if self._error is not None:
            error = self._error
            try:
                raise error
            finally:
                del self, error  # the traceback's frame must not hold the task
        return self._reply_value()

    def __repr__(self) -> str:
        label = f" {self.task_description!r}" if self.task_description else ""
        name = f"{type(self).__name__} {self.task_identifier}{label}"
        return f"<{name} {self._state.name} {self.original_request!r}>"

    def __copy__(self) -> URLSessionTask:
        return self

    # -- for the session -------------------------------------------------------

    def _invalidate(self) -> None:
        """The session is invalidated, and cancels what runs."""
        self.cancel()

    def _finish_resting(self) -> None:
        """The session takes no new tasks, and nothing is pending here."""

    def _leave(self) -> None:
        """The session's block is left: end if there is no end to wait for."""

    @property
    def _was_resumed(self) -> bool:
        return self._load is not None or self._state is not TaskState.SUSPENDED

    def _cancel(self, error: URLError) -> None:
        with self._core.lock:
            if self._state in (TaskState.CANCELING, TaskState.COMPLETED):
                return
            self._state = TRANSITIONS[self._state][TaskEvent.CANCEL]
            if self._has_ended:  # its last callback is still to come
                self._error = error
                self._reply = None
                if self._delivery is not None:
                    self._delivery.abandon_decision()
                return
            was_started = self._load is not None
        if self._load is not None:
            self._load.cancel()
        if self._delivery is not None:
            self._delivery.abandon_decision()
        if not was_started:
            session = self._session
            if session is not None:  # which must not end before this task has
                session._tasks[self.task_identifier] = self
            self._prepare_delivery()
        self._end(error, None, b"")

    def _launch(self) -> None:
        """Start a task that nobody else has seen yet: `resume` without its lock."""
        self._suspensions = 0
        self._state = TaskState.RUNNING
        self._start(3)

    # -- how it runs -----------------------------------------------------------

    def _start(self, callers: int) -> None:
        """Begin the load.

        Args:
            callers: Frames of this package between here and the user's line.
        """
        session = self._session
        if session is None:
            return
        session._tasks[self.task_identifier] = self
        if (
            self._completion is not None
            or self._delegate is not None
            or session._delegate is not None
            or self._tells_data
        ):
            self._prepare_delivery()
        try:
            load = self._make_load(self._request_to_load())
        except URLError as error:
            self.load_did_fail(error)
            return
        if LEDGER.traces_call_sites:
            # Each frame that is asked about costs under an audit hook.
            load.call_site = capture_call_site(callers + 1)
        if self._tells_data:
            load.is_streaming = True
        self._load = load
        if self.priority != self.DEFAULT_PRIORITY and isinstance(load, HTTPLoad):
            load.priority_urgency = urgency(self.priority)
        if self._delivery is not None:
            self._tell_load_what_is_wanted(load)
        try:
            self._begin(load)
        except URLError as error:
            self.load_did_fail(error)
        except UsageError:
            self._complete()  # nobody drives this session any more
            raise
        if self._has_ended and self._reply is None:
            # Cancelled meanwhile, on another thread.
            load.cancel()
            if self._session is None:
                session._forget(self)

    def _write_out(self) -> None:
        """Write to disk what is in memory and belongs there."""

    def _request_to_load(self) -> URLRequest:
        """Return what the load begins with: as given, or with fields of the task's."""
        return self.original_request

    def _tell_load_what_is_wanted(self, load: Load) -> None:
        if self._method("task_did_send_body_data"):
            load.reports_sent = True
        if self._method("session_did_receive_challenge") or self._method(
            "task_did_receive_challenge"
        ):
            load.asks_for_trust = True
        if (
            isinstance(load, HTTPLoad)
            and self._tells_everything
            and self._method("data_task_will_cache_response")
        ):
            load.proposes_always = True

    def _make_load(self, request: URLRequest) -> Load:
        """Return the load for the task's request; it is begun by the caller.

        Raises:
            URLError: A protocol class raised when it was asked.
        """
        context = self._core.context
        # Each of the three takes some 50 ns: every load comes here.
        if REGISTRY.classes or context.protocol_classes or request.url[:4] != "http":
            from ..loading.choice import choose_load

            return choose_load(self, context, request)
        return HTTPLoad(self, context, request)

    def _follow(self, load: Load, request: URLRequest) -> None:
        """Follow a redirect, by the load itself if it is still the right one."""
        context = self._core.context
        if (
            isinstance(load, HTTPLoad)
            and request.url.startswith("http")
            and not (context.protocol_classes or REGISTRY.classes)
        ):
            load.follow(request)
            return
        from ..loading.choice import choose_load

        self._next_request = request
        try:
            chosen = choose_load(self, context, request, is_redirect=True)
        except URLError as error:
            load.cancel()
            self.load_did_fail(error)
            return
        if isinstance(load, HTTPLoad) and isinstance(chosen, HTTPLoad):
            self._next_request = None
            load.follow(request)
        else:
            self._replace_load(load, chosen)

    def _replace_load(self, old: Load, load: Load) -> None:
        load.come_after(old.transactions(), old.redirect_count + 1)
        load.is_streaming = old.is_streaming
        load.reports_sent = old.reports_sent
        load.asks_for_trust = old.asks_for_trust
        load.call_site = old.call_site
        with self._core.lock:
            is_held = self._state is TaskState.SUSPENDED
            self._load, self._next_request = load, None
        old.cancel()
        if is_held:
            load.hold()
        try:
            load.begin()
        except URLError as error:
            self.load_did_fail(error)
        if self._has_ended:
            load.cancel()

    def _begin(self, load: Load) -> None:
        """Begin the load; a task that has to ask somebody first does so."""
        load.begin()

    def _prepare_delivery(self) -> None:
        session = self._session
        if session is None or (
            self._completion is None
            and self._delegate is None
            and session._delegate is None
        ):
            return
        core = self._core
        self._delivery = Delivery(core.queue)
        if core.pool.is_kept:  # by a thread that need not be waiting this time
            core.driver.take_back(core.pool)

    def _method(self, name: str) -> Callable[..., Any] | None:
        """Find a delegate's method: the task's delegate comes before the session's."""
        method = find_method(self._delegate, name)
        if method is None and self._session is not None:
            method = find_method(self._session._delegate, name)
        return method

    def _tell(
        self,
        name: str,
        *arguments: object,
        then: Callable[[Any, BaseException | None], None] | None = None,
    ) -> bool:
        """Post a delegate method; False if nobody implements it."""
        delivery, session = self._delivery, self._session
        if delivery is None:
            return False
        method = self._method(name)
        if method is None:
            return False
        delivery.post(Callback(partial(method, session, self, *arguments), then))
        return True

    # -- LoadClient ------------------------------------------------------------

    def load_is_offered(self, request: URLRequest) -> bool:
        """See `LoadClient`."""
        context = self._core.context
        if not (context.protocol_classes or REGISTRY.classes):
            return False
        self._next_request = request
        try:
            return REGISTRY.find(context.protocol_classes, request, self) is not None
        finally:
            self._next_request = None

    def load_did_receive_informational(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        self._tell("task_did_receive_informational_response", response)

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        raise NotImplementedError

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        raise NotImplementedError

    def load_did_receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """See `LoadClient`."""
        raise NotImplementedError

    def load_did_send(self, total_bytes_sent: int, increment: int) -> None:
        """See `LoadClient`."""
        self._tell(
            "task_did_send_body_data",
            increment,
            total_bytes_sent,
            self.count_of_bytes_expected_to_send,
        )

    def load_was_redirected(
        self, response: HTTPURLResponse, request: URLRequest
    ) -> None:
        """See `LoadClient`."""
        load = self._load
        assert load is not None
        self._response = response

        def decided(value: Any, error: BaseException | None) -> None:
            if error is not None or not (
                value is None or isinstance(value, URLRequest)
            ):
                self._refuse_decision("task_will_perform_http_redirection", error)
            elif value is None:
                load.refuse_redirect()
            else:
                self._follow(load, value)

        if not self._tell(
            "task_will_perform_http_redirection", response, request, then=decided
        ):
            self._follow(load, request)

    def load_is_waiting_for_connectivity(self) -> None:
        """See `LoadClient`."""
        self._tell("task_is_waiting_for_connectivity")

    def load_was_challenged(self, challenge: URLAuthenticationChallenge) -> None:
        """See `LoadClient`."""
        from .challenge import ask  # for who is challenged

        self._response = challenge.failure_response or self._response
        ask(self, challenge)

    def load_was_refused_credentials(self) -> None:
        """See `LoadClient`."""
        self.cancel()

    def load_needs_new_body(self) -> None:
        """See `LoadClient`."""
        load = self._load
        assert load is not None

        def given(value: Any, error: BaseException | None) -> None:
            if error is not None:
                self._refuse_decision("task_need_new_body_stream", error)
                return
            try:
                load.follow_with_body(value)
            except (TypeError, ValueError, UsageError) as unusable:
                self._refuse_decision("task_need_new_body_stream", unusable)

        if not self._tell("task_need_new_body_stream", then=given):
            load.follow_with_body(None)

    def load_did_finish(self, response: HTTPURLResponse, body: bytes) -> None:
        """See `LoadClient`."""
        self._end(None, response, body)

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`."""
        error.task_id = self.task_identifier
        self._end(error, self._response, b"")

    def _refuse_decision(self, name: str, cause: BaseException | None) -> None:
        error = URLError(
            URLErrorCode.CANCELLED,
            f"the delegate's {name} raised or returned something unusable",
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
            underlying=cause if isinstance(cause, Exception) else None,
        )
        self._cancel(error)

    # -- the end ---------------------------------------------------------------

    def _end(
        self, error: URLError | None, response: HTTPURLResponse | None, body: bytes
    ) -> None:
        """The transfer is over: tell, in order, then let go of everything."""
        with self._core.lock:
            if self._has_ended:
                return
            self._has_ended = True
            if error is not None:
                self._error = error
            if response is not None:
                self._response = response
                if error is None:
                    self._reply = _reply((body, response))
            self._completed_at = _monotonic()
            if self._delivery is None:  # nobody to tell but who waits
                self._state = TRANSITIONS[self._state][TaskEvent.COMPLETE]
                waiters, self._waiters = self._waiters, None
                session, self._session = self._session, None
        if self._delivery is None:
            self._let_go(waiters, session)
        else:
            self._delivery.post(Callback(self._tell_the_end))

    def _tell_the_end(self) -> None:
        """Call the last methods; runs on the delegate queue."""
        session, delivery = self._session, self._delivery
        assert delivery is not None
        with self._core.lock:
            self._state = TRANSITIONS[self._state][TaskEvent.COMPLETE]
        if method := self._method("task_did_finish_collecting_metrics"):
            delivery.post(Callback(partial(method, session, self, self.metrics)))
        completion = self._completion
        if completion is not None:
            delivery.post(self._completion_callback(completion))
        elif self._tells_everything and (method := self._method("task_did_complete")):
            delivery.post(Callback(lambda: method(session, self, self._error)))
        delivery.post(Callback(self._complete))

    def _completion_callback(self, completion: Callable[..., object]) -> Callback:
        error, reply = self._error, self._reply
        data = None if reply is None else reply.data
        response = None if error is not None else self._response
        return Callback(partial(completion, data, response, error))

    def _complete(self) -> None:
        with self._core.lock:
            self._state = TRANSITIONS[self._state][TaskEvent.COMPLETE]
            waiters, self._waiters = self._waiters, None
            session, self._session = self._session, None
            self._delegate = self._completion = self._delivery = None
        self._let_go(waiters, session)

    def _let_go(self, waiters: list[Waiter] | None, session: URLSession | None) -> None:
        """Wake who waits, and leave the session. No lock is held."""
        if waiters is not None:
            wake(waiters)
        pool = self._core.pool
        if pool.leader:
            self._core.driver.rouse(pool)
        if session is not None:
            session._forget(self)

    def _abandon(self, message: str) -> None:
        """The process was forked, or ends: fail, and tell nobody."""
        self._has_ended = True
        self._error = URLError(
            URLErrorCode.NETWORK_CONNECTION_LOST,
            message,
            failing_url=self.original_request.url,
            task_id=self.task_identifier,
        )
        self._completed_at = time.monotonic()
        self._state = TRANSITIONS[self._state][TaskEvent.COMPLETE]
        self._session = self._waiters = self._delivery = None

    # -- waiting ---------------------------------------------------------------

    @property
    def _tells_everything(self) -> bool:
        """Whether the delegate gets response, data and completion too."""
        return False

    def _is_ready(self) -> bool:
        """Whether there is something to return or to raise."""
        return self._session is None

    def _reply_value(self) -> Any:
        return self._reply

    def _refuse_unstarted(self) -> None:
        if not self._was_resumed:
            raise UsageError(f"{self!r} was never resumed: call resume() first")

    def _wait(self, timeout: float | None) -> None:
        self._refuse_unstarted()
        core = self._core
        core.refuse_waiting(self)
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        core.driver.wait(core.pool, self._is_ready, deadline)
        with core.lock:
            if self._is_ready():
                return
            lock = new_lock()
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(lock)
        left_s = -1.0 if deadline == math.inf else max(0.0, deadline - time.monotonic())
        if not lock.acquire(timeout=left_s):
            raise TimeoutError(f"{self!r} is not over after {timeout:g} s; it goes on")


def _known(count: int, hint: int) -> int:
    return hint if count == TRANSFER_SIZE_UNKNOWN else count


def _sum_of_known(*counts: int) -> int:
    return TRANSFER_SIZE_UNKNOWN if TRANSFER_SIZE_UNKNOWN in counts else sum(counts)
