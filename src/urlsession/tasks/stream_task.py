"""Stream tasks: a TCP connection to read and write as one likes, TLS whenever.

Decides how both doors ask for reads and writes, what a delegate is told, and how long a
stream lives: the session holds the task while something that was asked for is pending;
then only the user does, and dropping the task closes the connection.

Source: Foundation's ``URLSessionStreamTask``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from ..loading.stream import StreamLoad
from .state import TaskState
from .task import URLSessionTask
from .waiting import new_future, new_lock, wake

if TYPE_CHECKING:
    from ..challenge import URLAuthenticationChallenge
    from ..engine.transfer import Transfer
    from ..errors import URLError
    from ..loading.channel import Channel, Settle
    from ..loading.client import Load
    from ..request import URLRequest
    from ..session import URLSession
    from .core import SessionCore
    from .data_task import URLSessionDataTask
    from .waiting import Waiter

__all__ = (
    "CapturedReader",
    "CapturedWriter",
    "StreamOperation",
    "URLSessionStreamTask",
)

_T = TypeVar("_T")
_DEFAULT_READ_SIZE = 64 * 1024  # bytes


class StreamOperation(Generic[_T]):
    """Something that was asked of a stream: await it, or take its `result`.

    It is done in its turn whether somebody waits or not. Cancelling the asyncio task
    that awaits a read gives the read up; what came stays for the next one.
    """

    def __init__(self, core: SessionCore, what: object) -> None:
        self._core = core
        self._what: object | None = what
        self._value: object = None
        self._error: URLError | None = None
        self._is_done = False
        self._waiters: list[Waiter] = []
        self._give_up: Callable[[], None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether there is a result, or an error."""
        return self._is_done

    def result(self, timeout: float | None = None) -> _T:
        """Wait until it is done and return its result.

        Args:
            timeout: Seconds to wait; None for as long as it takes. What was asked for
                goes on when they have passed.

        Raises:
            URLError: It failed.
            TimeoutError: `timeout` passed.
            UsageError: Called where the session is driven from: await it instead. Or
                the task was not resumed.
        """
        if not self._is_done:
            self._wait(timeout)
        return self._outcome()

    def __await__(self) -> Generator[Any, None, _T]:
        if not self.is_done:
            self._refuse_unstarted()
            future = new_future()
            with self._core.lock:
                if self._is_settled():
                    future.set_result(None)
                else:
                    self._waiters.append(future)
            try:
                yield from future
            except BaseException:
                give_up = self._give_up  # None once it is done
                if give_up is not None:
                    give_up()
                raise
        return self._outcome()

    def settle(self, value: object, error: URLError | None) -> None:
        """Take the result; for the channel."""
        with self._core.lock:
            self._value, self._error = value, error
            self._is_done = True
            self._what = None
            self._give_up = None
            waiters, self._waiters = self._waiters, []
        wake(waiters)

    def may_give_up(self, give_up: Callable[[], None]) -> StreamOperation[_T]:
        """Take what to call when nobody waits any more."""
        with self._core.lock:
            if not self._is_done:
                self._give_up = give_up
        return self

    def _is_settled(self) -> bool:
        return self._is_done

    def _outcome(self) -> _T:
        if self._error is not None:
            error = self._error
            try:
                raise error
            finally:
                del self, error  # the traceback's frame must not hold the task
        return cast("_T", self._value)

    def _refuse_unstarted(self) -> None:
        what = self._what
        if isinstance(what, URLSessionStreamTask):
            what._refuse_unstarted()

    def _wait(self, timeout: float | None) -> None:
        self._refuse_unstarted()
        what = self._what
        self._core.refuse_waiting(self if what is None else what)
        lock = new_lock()
        with self._core.lock:
            if self._is_settled():
                return
            self._waiters.append(lock)
        if not lock.acquire(timeout=-1.0 if timeout is None else max(0.0, timeout)):
            raise TimeoutError(f"not done after {timeout:g} s; it goes on")


class URLSessionStreamTask(URLSessionTask):
    """A TCP connection, read and written as one likes. Made by a session, suspended.

    What is asked for is done in order, also what is asked for before `resume`: reads one
    after the other, writes one after the other. `start_secure_connection` and
    `capture_streams` come after all that was asked for before. After an error on one
    side everything that waits there fails, and whatever is asked of it later.

    The task is over when both sides are closed, when the connection is lost, when it
    is cancelled or captured. Awaiting it waits for that, and gives None.

    The session holds the task only while something is pending: dropped after that, the
    connection is closed. A session that is invalidated lets pending reads and writes end
    and then closes it.

    Source: Foundation's ``URLSessionStreamTask``.
    """

    _captured: tuple[CapturedReader, CapturedWriter] | None = None
    _is_captured: bool = False

    def __init__(
        self, session: URLSession, task_identifier: int, request: URLRequest
    ) -> None:
        super().__init__(session, task_identifier, request)
        self._stream = StreamLoad(
            self, session._core.context, session._core.wires, request
        )
        self._configuration = session._configuration

    # -- what one may do ------------------------------------------------------------------

    def read(
        self,
        min_bytes: int = 1,
        max_bytes: int = _DEFAULT_READ_SIZE,
        timeout: float | None = None,
    ) -> StreamOperation[tuple[bytes, bool]]:
        """Ask for at least `min_bytes` and at most `max_bytes`.

        Fewer come only at the end of what the peer sends.

        Args:
            min_bytes: What to wait for; 0 for what is there now.
            max_bytes: From 1 up.
            timeout: Seconds from now in which it must be done; None for any. Not while
                the task is suspended.

        Returns:
            What gives (bytes, whether that was the end).

        Raises:
            ValueError: The numbers make no sense.
        """
        _check_sizes(min_bytes, max_bytes)
        made: StreamOperation[tuple[bytes, bool]] = self._operation()
        deadline = _deadline(timeout)
        give_up = self._stream.channel.read(
            min_bytes, max_bytes, deadline, self._settle(made)
        )
        return made.may_give_up(give_up)

    def write(
        self, data: bytes | bytearray | memoryview, timeout: float | None = None
    ) -> StreamOperation[None]:
        """Ask to send `data`; done once the kernel has all of it.

        Args:
            data: A copy is taken unless it is bytes.
            timeout: As for `read`.

        Raises:
            TypeError: `data` is not bytes.
        """
        checked = _checked(data)
        made: StreamOperation[None] = self._operation()
        deadline = _deadline(timeout)
        give_up = self._stream.channel.write(checked, deadline, self._settle(made))
        return made.may_give_up(give_up)

    def close_write(self) -> StreamOperation[None]:
        """Send FIN after the writes that were asked for; reading goes on."""
        made: StreamOperation[None] = self._operation()
        self._stream.channel.close_writing(self._settle(made))
        return made

    def close_read(self) -> StreamOperation[None]:
        """Read no more after the reads that were asked for; writing goes on."""
        made: StreamOperation[None] = self._operation()
        self._stream.channel.close_reading(self._settle(made))
        return made

    def start_secure_connection(self) -> StreamOperation[None]:
        """Speak TLS, after everything that was asked for.

        The peer's certificate must be for the task's host, and lead to what the
        session trusts (``trusted_certificates``); otherwise the task ends with
        ``SERVER_CERTIFICATE_…``.

        A delegate's ``task_did_receive_challenge`` has the last word, before anything
        is said through TLS: it accepts a private or a pinned certificate by
        ``USE_CREDENTIAL`` with `URLCredential.for_trust`, leaves it to the system by
        default handling, or cancels the task.
        """
        made: StreamOperation[None] = self._operation()
        asks = self._method("task_did_receive_challenge") is not None
        self._stream.secure(self._configuration, self._settle(made), asks=asks)
        return made

    def capture_streams(
        self,
    ) -> StreamOperation[tuple[CapturedReader, CapturedWriter]]:
        """Take the stream over, after everything that was asked for.

        The delegate gets the two halves in ``stream_task_did_become_streams``, and so
        does whoever waits; the task is over then.
        """
        made: StreamOperation[tuple[CapturedReader, CapturedWriter]]
        made = self._operation()
        settle = self._settle(made)

        def captured(_value: object, error: URLError | None) -> None:
            halves, self._captured = self._captured, None
            settle(halves if error is None else None, error)

        self._stream.channel.capture(captured)
        return made

    # -- for a data task ------------------------------------------------------------------

    @classmethod
    def _continuing(cls, data_task: URLSessionDataTask, session: URLSession) -> Self:
        """Make the task that a data task becomes; `_take_over` gives it its socket."""
        made = cls(session, next(session._identifiers), data_task.original_request)
        made._delegate = data_task._delegate
        made._delivery = data_task._delivery  # in one line: nothing overtakes
        made._load = made._stream
        made._response = data_task._response
        made._state = data_task._state
        made._suspensions = data_task._suspensions
        if made._state is TaskState.SUSPENDED:
            made._stream.channel.hold()
        return made

    def _take_over(self, load: Transfer, read_ahead: bytes) -> None:
        self._stream.take_over(load, read_ahead)

    # -- for the session ----------------------------------------------------------------

    def _finish_resting(self) -> None:
        """The session ends: nothing is pending, so that this is all."""
        self._stream.channel.fail(None)

    def _cancel(self, error: URLError) -> None:
        super()._cancel(error)
        self._stream.cancel()

    def _abandon(self, message: str) -> None:
        super()._abandon(message)
        if self._error is not None:
            self._stream.channel.abandon(self._error)

    def _make_load(self, request: URLRequest) -> Load:  # noqa: ARG002  # there is one only
        return self._stream

    def __del__(self) -> None:
        stream = self.__dict__.get("_stream")
        if stream is not None:
            stream.cancel()

    # -- StreamClient ---------------------------------------------------------------------

    def load_did_fail(self, error: URLError) -> None:
        """See `LoadClient`: it could not even begin."""
        error.task_id = self.task_identifier
        self._stream.channel.fail(error)

    def stream_read_closed(self) -> None:
        """See `StreamClient`."""
        self._tell("stream_task_read_closed")

    def stream_write_closed(self) -> None:
        """See `StreamClient`."""
        self._tell("stream_task_write_closed")

    def stream_is_resting(self) -> None:
        """See `StreamClient`."""
        session = self._session
        if session is not None:
            session._rest(self)

    def stream_was_captured(self, channel: Channel) -> None:
        """See `StreamClient`."""
        captured = _Captured(channel, self._core)
        channel.owner = None
        self._is_captured = True
        halves = self._captured = (CapturedReader(captured), CapturedWriter(captured))
        self._tell("stream_task_did_become_streams", *halves)
        self._end(None, None, b"")

    def stream_was_challenged(self, challenge: URLAuthenticationChallenge) -> None:
        """See `StreamClient`."""
        from .challenge import TASK_METHOD, ask

        is_trust = challenge.protection_space.server_trust is not None
        ask(self, challenge, (TASK_METHOD,) if is_trust else None)

    def stream_ended(self, error: URLError | None) -> None:
        """See `StreamClient`."""
        if error is not None:
            error.task_id = self.task_identifier
        self._end(error, None, b"")

    # -- inside ------------------------------------------------------------------------------

    @property
    def _tells_everything(self) -> bool:
        return True

    def _method(self, name: str) -> Callable[..., Any] | None:
        if self._is_captured and name in _AFTER_THE_LAST:
            return None
        return super()._method(name)

    def _operation(self) -> StreamOperation[Any]:
        session = self._session
        if session is not None and self._load is not None:
            session._keep(self)
        return StreamOperation(self._core, self)

    def _settle(self, operation: StreamOperation[Any]) -> Settle:
        def settle(value: object, error: URLError | None) -> None:
            if error is not None and error.task_id is None:
                error.task_id = self.task_identifier
            operation.settle(value, error)

        return settle


class _Captured:
    """A stream that belongs to its two halves: when both are gone, it is closed."""

    def __init__(self, channel: Channel, core: SessionCore) -> None:
        self.channel = channel
        self.core = core

    def __del__(self) -> None:
        self.channel.fail(None)


class CapturedReader:
    """What a captured stream receives.

    The connection is closed once both halves are closed, or dropped, and with the
    session at the latest.
    """

    def __init__(self, captured: _Captured) -> None:
        self._captured = captured

    def read(
        self,
        min_bytes: int = 1,
        max_bytes: int = _DEFAULT_READ_SIZE,
        timeout: float | None = None,
    ) -> StreamOperation[tuple[bytes, bool]]:
        """Like `URLSessionStreamTask.read`."""
        _check_sizes(min_bytes, max_bytes)
        made: StreamOperation[tuple[bytes, bool]]
        made = StreamOperation(self._captured.core, self)
        channel, deadline = self._captured.channel, _deadline(timeout)
        give_up = channel.read(min_bytes, max_bytes, deadline, made.settle)
        return made.may_give_up(give_up)

    def close(self) -> StreamOperation[None]:
        """Read no more."""
        made: StreamOperation[None] = StreamOperation(self._captured.core, self)
        self._captured.channel.close_reading(made.settle)
        return made


class CapturedWriter:
    """What a captured stream sends; see `CapturedReader`."""

    def __init__(self, captured: _Captured) -> None:
        self._captured = captured

    def write(
        self, data: bytes | bytearray | memoryview, timeout: float | None = None
    ) -> StreamOperation[None]:
        """Like `URLSessionStreamTask.write`."""
        made: StreamOperation[None] = StreamOperation(self._captured.core, self)
        channel, deadline = self._captured.channel, _deadline(timeout)
        give_up = channel.write(_checked(data), deadline, made.settle)
        return made.may_give_up(give_up)

    def close(self) -> StreamOperation[None]:
        """Send FIN after the writes that were asked for."""
        made: StreamOperation[None] = StreamOperation(self._captured.core, self)
        self._captured.channel.close_writing(made.settle)
        return made


# `stream_task_did_become_streams` is the last message of a captured task.
_AFTER_THE_LAST = ("task_did_finish_collecting_metrics", "task_did_complete")


def _deadline(timeout: float | None) -> float:
    return math.inf if timeout is None else time.monotonic() + timeout


def _checked(data: object) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data must be bytes, not {type(data).__name__}")
    return bytes(data)


def _check_sizes(min_bytes: int, max_bytes: int) -> None:
    if not 0 <= min_bytes <= max_bytes or max_bytes < 1:
        raise ValueError(
            f"cannot read at least {min_bytes} and at most {max_bytes} bytes"
        )
