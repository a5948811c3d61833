"""The reads and writes of one stream, in the order they were asked for.

Decides the order: reads one after the other, writes one after the other, the two side
by side; but TLS, and the end of the task by `capture`, come after everything asked for
before them and before everything asked for after. And what is told when a side closes
or fails: an error fails what waits on its side and all that is asked of it later.

Driven by whoever calls: a method that asks for something moves what can be moved at
once, the rest when the socket is ready. No lock is held while anybody is told.

Source: Foundation's ``URLSessionStreamTask``.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..connections import ClosedBy
from ..engine.wires import READABLE, WRITABLE
from ..errors import URLError, URLErrorCode

if TYPE_CHECKING:
    from ..engine.wires import Timer, Wire, Wires
    from .tls import TLSPipe

__all__ = ("Channel", "ChannelOwner", "Decide", "Judge", "Settle")

Settle = Callable[[object, URLError | None], None]
"""Takes the result of what was asked for, or why there is none. Any thread."""

Decide = Callable[[URLError | None], None]
"""Accepts a peer, or takes why it is refused."""

Judge = Callable[["TLSPipe", Decide], None]
"""Takes TLS that is ready, over which nothing was said yet; decides now or later."""

_NOTHING = 1 << 16  # what a barrier waits for that no socket can tell
_CHUNK_SIZE = 256 * 1024  # bytes asked of the kernel at a time


class ChannelOwner(Protocol):
    """Who is told of a channel. Any thread, no lock held."""

    def channel_read_closed(self) -> None:
        """No more bytes will come; some may still be unread."""

    def channel_write_closed(self) -> None:
        """No more bytes will go."""

    def channel_was_captured(self) -> None:
        """Everything before `Channel.capture` is done."""

    def channel_ended(self, error: URLError | None) -> None:
        """The connection is closed; last, once."""

    def channel_is_resting(self) -> None:
        """Nothing that was asked for is pending."""


class _PlainPipe:
    """Bytes as they are."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.receive = wire.receive
        self.send = wire.send

    def flush(self) -> bool:
        return True

    def shut_down_writing(self) -> bool:
        self._wire.shut_down_writing()
        return True


class _Read:
    """A read, or the end of reading (`maximum` is 0)."""

    __slots__ = ("deadline", "maximum", "minimum", "settle")

    def __init__(
        self, minimum: int, maximum: int, deadline: float, settle: Settle
    ) -> None:
        self.minimum = minimum
        self.maximum = maximum
        self.deadline = deadline
        self.settle = settle


class _Write:
    """A write, or the end of writing (`left` is None)."""

    __slots__ = ("deadline", "has_begun", "left", "settle")

    def __init__(
        self, left: memoryview | None, deadline: float, settle: Settle
    ) -> None:
        self.left = left
        self.deadline = deadline
        self.settle = settle
        self.has_begun = False


class _Phase:
    """What may go on side by side, and what comes after all of it."""

    __slots__ = ("barrier", "reads", "settle", "writes")

    def __init__(self) -> None:
        self.reads: deque[_Read] = deque()
        self.writes: deque[_Write] = deque()
        self.barrier: Callable[[], int] | None = None
        self.settle: Settle | None = None


class Channel:
    """The two directions of one connection.

    Args:
        owner: Who is told; None once nobody wants to know.
        wires: Where the socket is driven.
        url: For errors.

    Attributes:
        wire: The socket; None until it is connected.
    """

    def __init__(self, owner: ChannelOwner | None, wires: Wires, url: str) -> None:
        self.owner = owner
        self.wire: Wire | None = None
        self._wires = wires
        self._url = url
        self._lock = threading.RLock()
        self._pipe: _PlainPipe | TLSPipe | None = None
        self._phases: deque[_Phase] = deque([_Phase()])
        self._buffer = bytearray()
        self._told: list[Callable[[], None]] = []
        self._timer: Timer | None = None
        self._timer_at = math.inf
        self._read_error: URLError | None = None
        self._write_error: URLError | None = None
        self._is_at_end = False
        self._has_closed_reading = False
        self._has_closed_writing = False
        self._has_told_read_closed = False
        self._held_at: float | None = None
        self._has_ended = False
        self._is_clean = False
        self._is_resting = False
        self._is_telling = False

    # -- what may be asked for; any thread -----------------------------------------------

    def connected(self, wire: Wire, read_ahead: bytes = b"") -> None:
        """Begin with a connected socket, and what was read of it already."""
        with self._lock:
            self.wire = wire
            self._pipe = _PlainPipe(wire)
            self._buffer += read_ahead
        self.go_on()

    def read(
        self, minimum: int, maximum: int, deadline: float, settle: Settle
    ) -> Callable[[], None]:
        """Ask for bytes; `settle` gets (bytes, whether that was the end).

        Returns:
            What gives the read up; the bytes stay for the next one.
        """
        read = _Read(minimum, maximum, deadline, settle)
        with self._lock:
            is_at_end = self._has_ended and self._is_at_end and self._is_clean
            error = self._refusal(self._read_error, is_closed=self._has_closed_reading)
            if error is None:
                self._phases[-1].reads.append(read)
            self._is_resting = False
        if is_at_end:
            settle((b"", True), None)
        elif error is not None:
            settle(None, error)
        self.go_on()
        return lambda: self._give_up_read(read)

    def write(self, data: bytes, deadline: float, settle: Settle) -> Callable[[], None]:
        """Ask to send bytes; `settle` is called once the kernel has all of them.

        Returns:
            What gives the write up, if nothing of it was sent yet.
        """
        write = _Write(memoryview(data), deadline, settle)
        with self._lock:
            is_closed = self._has_closed_writing or self._will_close_writing()
            error = self._refusal(self._write_error, is_closed=is_closed)
            if error is None:
                self._phases[-1].writes.append(write)
            self._is_resting = False
        if error is not None:
            settle(None, error)
        self.go_on()
        return lambda: self._give_up_write(write)

    def close_reading(self, settle: Settle) -> None:
        """Read no more, after the reads that were asked for."""
        with self._lock:
            self._is_resting = False
            self._phases[-1].reads.append(_Read(0, 0, math.inf, settle))
        self.go_on()

    def close_writing(self, settle: Settle) -> None:
        """Send FIN, after the writes that were asked for."""
        with self._lock:
            self._is_resting = False
            self._phases[-1].writes.append(_Write(None, math.inf, settle))
        self.go_on()

    def secure(
        self,
        make_pipe: Callable[[Wire], TLSPipe],
        settle: Settle,
        judge: Judge | None = None,
    ) -> None:
        """Speak TLS, after everything that was asked for.

        Args:
            make_pipe: Makes what speaks it; may raise a `URLError`.
            settle: Called once TLS is spoken.
            judge: Decides on the peer; None if it is verified as TLS begins.
        """
        shaking: list[TLSPipe] = []
        answers: list[URLError | None] = []
        is_asked = False

        def decide(refusal: URLError | None) -> None:
            with self._lock:
                answers.append(refusal)
            self.go_on()

        def shake_hands() -> int:
            nonlocal is_asked
            if not shaking:
                assert self.wire is not None
                shaking.append(make_pipe(self.wire))
            pipe = shaking[0]
            if not is_asked and not pipe.shake_hands():
                return READABLE | (WRITABLE if pipe.has_unsent else 0)
            if judge is not None:
                if not is_asked:
                    is_asked = True
                    self._told.append(lambda: judge(pipe, decide))
                if not answers:
                    return _NOTHING
                if (refusal := answers[0]) is not None:
                    raise refusal
            self._pipe = pipe
            return 0

        self._after_all(shake_hands, settle)

    def capture(self, settle: Settle) -> None:
        """Hand the stream over, after everything that was asked for."""

        def hand_over() -> int:
            self._tell(lambda owner: owner.channel_was_captured())
            return 0

        self._after_all(hand_over, settle)

    def hold(self) -> None:
        """Move nothing, and let no time pass."""
        with self._lock:
            if self._held_at is None:
                self._held_at = time.monotonic()
            if self.wire is not None:
                self.wire.watch(0)

    def proceed(self) -> None:
        """Go on after `hold`."""
        with self._lock:
            held_at, self._held_at = self._held_at, None
            if held_at is not None:
                held_s = time.monotonic() - held_at
                for one in self._waiting():
                    one.deadline += held_s
        self.go_on()

    def fail(self, error: URLError | None, by: ClosedBy | None = None) -> None:
        """Close the connection; what is pending fails with `error`.

        Args:
            error: Why; None if it was asked for.
            by: Who ended it, if that is known.
        """
        with self._lock:
            self._end(error, by)
        self._tell_all()

    def abandon(self, error: URLError) -> None:
        """The process was forked, or ends: fail what is pending, and tell no owner."""
        self._lock = threading.RLock()  # may be held by a thread that is not here
        self._is_telling = False
        self.owner = None
        self.fail(error)

    @property
    def is_pending(self) -> bool:
        """Whether something that was asked for is not done."""
        return any(
            phase.reads or phase.writes or phase.barrier for phase in self._phases
        )

    # -- how it goes on --------------------------------------------------------------------

    def go_on(self) -> None:
        """Move what can be moved now. Called when the socket is ready, too."""
        with self._lock:
            if not self._has_ended:
                try:
                    self._advance()
                except URLError as error:
                    self._end(error)
                except OSError as error:
                    self._lose(error)
        self._tell_all()

    def _advance(self) -> None:
        now = time.monotonic()
        self._expire(now)
        wire, pipe = self.wire, self._pipe
        if wire is None or pipe is None or self._held_at is not None:
            self._set_timer()
            return
        self._hear_end(wire)
        wants = 0
        while True:
            phase = self._phases[0]
            wants = self._move(phase)
            if phase.reads or phase.writes or phase.barrier is None:
                break
            wants = phase.barrier()
            if wants:
                wants &= READABLE | WRITABLE
                break
            phase.barrier = None
            self._settled(phase.settle, None)
            if len(self._phases) > 1:
                self._phases.popleft()
        if self._is_over():
            self._end(None)
            return
        self._watch(wire, wants)
        self._set_timer()
        if self.is_pending:
            self._is_resting = False
        elif not self._is_resting:
            self._is_resting = True
            self._tell(lambda owner: owner.channel_is_resting())

    def _move(self, phase: _Phase) -> int:
        wants = 0
        while phase.writes:
            if not self._write_on(phase.writes[0]):
                wants |= WRITABLE
                break
            self._settled(phase.writes.popleft().settle, None)
        while phase.reads:
            if not self._read_on(phase.reads[0]):
                wants |= READABLE
                break
            phase.reads.popleft()
        if self._pipe is not None and not self._pipe.flush():
            wants |= WRITABLE
        return wants

    def _write_on(self, write: _Write) -> bool:
        pipe = self._pipe
        assert pipe is not None
        if write.left is None:
            if not self._has_closed_writing:
                if not pipe.shut_down_writing():
                    return False
                self._has_closed_writing = True
                self._tell(lambda owner: owner.channel_write_closed())
            return True
        while write.left:
            count = pipe.send(write.left)
            if not count:
                return False
            write.has_begun = True
            write.left = write.left[count:]
        return pipe.flush()

    def _read_on(self, read: _Read) -> bool:
        pipe, buffer = self._pipe, self._buffer
        assert pipe is not None
        if not read.maximum:
            self._has_closed_reading = True
            buffer.clear()
            self._tell_read_closed()
            self._settled(read.settle, None)
            return True
        # To the maximum, as long as there is something; the minimum is what is waited
        # for.
        while len(buffer) < read.maximum and not self._is_at_end:
            data = pipe.receive(min(read.maximum - len(buffer), _CHUNK_SIZE))
            if data is None:
                break
            buffer += data
            if not data:
                self._is_at_end = True
                self._tell_read_closed()
        if len(buffer) < read.minimum and not self._is_at_end:
            return False
        data = bytes(buffer[: read.maximum])
        del buffer[: read.maximum]
        self._settled(read.settle, (data, self._is_at_end and not buffer))
        return True

    def _hear_end(self, wire: Wire) -> None:
        wire.check()
        if wire.connection.peer_fin_at is not None:
            self._tell_read_closed()

    def _watch(self, wire: Wire, wants: int) -> None:
        if wants or wire.connection.peer_fin_at is None:
            wire.watch(wants)
        else:
            wire.silence()

    def _is_over(self) -> bool:
        return self._has_closed_writing and (
            self._has_closed_reading or (self._is_at_end and not self._buffer)
        )

    # -- time ----------------------------------------------------------------------------

    def _expire(self, now: float) -> None:
        if self._held_at is not None:
            return
        reads = [one for phase in self._phases for one in phase.reads]
        writes = [one for phase in self._phases for one in phase.writes]
        if any(one.deadline <= now for one in reads):
            self._fail_reads(self._timed_out("read"))
        if any(one.deadline <= now for one in writes):
            self._fail_writes(self._timed_out("write"))

    def _set_timer(self) -> None:
        at = math.inf
        if self._held_at is None:
            at = min((one.deadline for one in self._waiting()), default=math.inf)
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = at
        if at < math.inf:
            self._timer = self._wires.call_at(at, self._time_has_come)

    def _waiting(self) -> list[_Read | _Write]:
        waiting: list[_Read | _Write] = []
        for phase in self._phases:
            waiting += phase.reads
            waiting += phase.writes
        return waiting

    def _time_has_come(self) -> None:
        self._timer, self._timer_at = None, math.inf
        self.go_on()

    def _timed_out(self, what: str) -> URLError:
        message = f"the {what} was not done in time"
        return URLError(URLErrorCode.TIMED_OUT, message, failing_url=self._url)

    # -- errors and the end; the lock is held ---------------------------------------------

    def _refusal(self, error: URLError | None, *, is_closed: bool) -> URLError | None:
        if error is not None:
            return error
        if self._has_ended or is_closed:
            return URLError(
                URLErrorCode.NETWORK_CONNECTION_LOST,
                "the stream is closed",
                failing_url=self._url,
            )
        return None

    def _will_close_writing(self) -> bool:
        return any(one.left is None for p in self._phases for one in p.writes)

    def _lose(self, cause: OSError) -> None:
        error = URLError(
            URLErrorCode.NETWORK_CONNECTION_LOST,
            f"the connection was lost: {cause.strerror or cause}",
            failing_url=self._url,
            underlying=cause,
            os_errno=cause.errno,
        )
        is_reset = isinstance(cause, ConnectionResetError | BrokenPipeError)
        self._end(error, ClosedBy.RESET if is_reset else None)

    def _fail_reads(self, error: URLError) -> None:
        self._read_error = error
        for phase in self._phases:
            for one in phase.reads:
                self._settled(one.settle, None, error if one.maximum else None)
            phase.reads.clear()

    def _fail_writes(self, error: URLError) -> None:
        self._write_error = error
        for phase in self._phases:
            for one in phase.writes:
                self._settled(one.settle, None, error)
            phase.writes.clear()

    def _end(self, error: URLError | None, by: ClosedBy | None = None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._is_clean = error is None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        reason = error or URLError(
            URLErrorCode.NETWORK_CONNECTION_LOST,
            "the stream is closed",
            failing_url=self._url,
        )
        self._fail_reads(reason)
        self._fail_writes(reason)
        for phase in self._phases:
            if phase.barrier is not None:
                self._settled(phase.settle, None, reason)
        self._phases = deque([_Phase()])
        self._buffer.clear()
        if self.wire is not None:
            self.wire.close(by)
        self._pipe = None
        self._tell(lambda owner: owner.channel_ended(error))

    def _after_all(self, barrier: Callable[[], int], settle: Settle) -> None:
        with self._lock:
            error = self._refusal(
                self._write_error or self._read_error, is_closed=False
            )
            if error is None:
                phase = self._phases[-1]
                phase.barrier, phase.settle = barrier, settle
                self._phases.append(_Phase())
            self._is_resting = False
        if error is not None:
            settle(None, error)
        self.go_on()

    def _give_up_read(self, read: _Read) -> None:
        with self._lock:
            for phase in self._phases:
                if read in phase.reads:
                    phase.reads.remove(read)
        self.go_on()

    def _give_up_write(self, write: _Write) -> None:
        with self._lock:
            for phase in self._phases:
                if write in phase.writes and not write.has_begun:
                    phase.writes.remove(write)
        self.go_on()

    # -- telling ----------------------------------------------------------------------------

    def _settled(
        self, settle: Settle | None, value: object, error: URLError | None = None
    ) -> None:
        if settle is not None:
            self._told.append(lambda: settle(value, error))

    def _tell(self, tell: Callable[[ChannelOwner], None]) -> None:
        def act() -> None:
            owner = self.owner
            if owner is not None:
                tell(owner)

        self._told.append(act)

    def _tell_read_closed(self) -> None:
        if not self._has_told_read_closed:
            self._has_told_read_closed = True
            self._tell(lambda owner: owner.channel_read_closed())

    def _tell_all(self) -> None:
        """Tell, in order: one thread at a time, the others leave it their own."""
        with self._lock:
            if self._is_telling:
                return
            self._is_telling = True
        while True:
            with self._lock:
                if not self._told:
                    self._is_telling = False
                    return
                told, self._told = self._told, []
            for tell in told:
                tell()
