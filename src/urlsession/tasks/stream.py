"""A reply's body piece by piece: `URLSession.bytes`.

Decides when the transfer pauses for a slow consumer, and that a stream that
nobody can read any more is cancelled. The session holds the task while it runs;
only the consumer holds the stream, so that dropping it is noticed at once.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from ..errors import URLError, UsageError
from .data_task import GATHERED_FROM, URLSessionDataTask
from .waiting import Waiter, new_future, new_lock, wake

if TYPE_CHECKING:
    from ..request import URLRequest
    from ..response import HTTPURLResponse
    from ..session import URLSession

__all__ = ("AsyncBytes", "BytesLoad", "StreamedDataTask")

HIGH_WATER = 1024 * 1024  # bytes in memory at which the transfer pauses
LOW_WATER = 256 * 1024  # bytes in memory at which it goes on


class StreamedDataTask(URLSessionDataTask):
    """The data task under a stream; ready when the head has come.

    Pieces of a fast body come every few microseconds, so the lock is taken only to
    pause, to wait and at the end: of the two counts each has one writer. Whoever
    waits, or asks for a pause, says so first and then looks once more.
    """

    def __init__(
        self, session: URLSession, task_identifier: int, request: URLRequest
    ) -> None:
        super().__init__(session, task_identifier, request)
        self._pieces: deque[bytes] = deque()
        self._received = 0  # written where the load runs
        self._taken = 0  # written by the consumer
        self._readers: list[Waiter] = []
        self._lock = threading.RLock()
        self._has_head = False
        self._tells_data = True

    def _abandon(self, message: str) -> None:
        self._lock = threading.RLock()  # may be held by a thread that is not here
        super()._abandon(message)

    def _prepare_delivery(self) -> None:
        super()._prepare_delivery()
        self._tells_data = True

    def _is_ready(self) -> bool:
        return self._has_head or self._session is None

    def load_did_receive_response(self, response: HTTPURLResponse) -> None:
        """See `LoadClient`."""
        self._response = response
        with self._core.lock:
            self._has_head = True
            waiters, self._waiters = self._waiters, None
        if waiters is not None:
            wake(waiters)

    def load_did_receive_data(self, data: bytes) -> bool:
        """See `LoadClient`."""
        if self._received - self._taken >= HIGH_WATER:
            with self._lock:
                if self._received - self._taken >= HIGH_WATER:
                    self._is_starved = True
                    return False
        self._pieces.append(data)
        self._received += len(data)
        if self._readers:
            with self._lock:
                self._wake_readers()
        if self._received >= GATHERED_FROM and not self._gathers:
            self._gather()
        return True

    def load_did_receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        """See `LoadClient`."""
        self._pieces.extend(pieces)
        self._received += sum(map(len, pieces))
        if self._readers:
            with self._lock:
                self._wake_readers()
        if self._received - self._taken < HIGH_WATER:
            return True
        with self._lock:
            self._is_starved = self._received - self._taken >= HIGH_WATER
            return not self._is_starved

    def take(self) -> bytes | None:
        """Return the next piece; None if there is none now.

        Raises:
            URLError: The load failed, and every piece before that was taken.
        """
        if not self._pieces:
            # Looked at in this order: what came before the end is given first.
            if self._has_ended and self._error is not None and not self._pieces:
                raise self._error
            return None
        try:
            piece = self._pieces.popleft()
        except IndexError:  # dropped just now, on another thread
            return None
        self._taken += len(piece)
        if self._is_starved:
            self._reconsider()
        return piece

    def _reconsider(self) -> None:
        if self._received - self._taken <= LOW_WATER:
            self._proceed()

    def _proceed(self) -> None:
        with self._lock:
            is_starved, self._is_starved = self._is_starved, False
        if is_starved and self._load is not None:
            self._load.take_again()

    def drop(self) -> None:
        """Forget what was not read, and stop the transfer."""
        self.cancel()
        with self._lock:
            self._pieces.clear()
            self._taken = self._received

    @property
    def is_exhausted(self) -> bool:
        """Whether there will be no more."""
        return self._has_ended and not self._pieces

    def next_future(self) -> Awaitable[None] | None:
        """Return what to await before `take` has something; None if it has."""
        if self._is_starved and not self._pieces:
            self._proceed()
        with self._lock:
            if self._has_news():
                return None
            future = new_future()
            self._readers.append(future)
            return None if self._has_news() else future

    def wait_for_piece(self) -> None:
        """Block until `take` has something or the end has come."""
        core = self._core
        core.refuse_waiting(self)
        if self._is_starved and not self._pieces:
            self._proceed()
        core.driver.wait(core.pool, self._has_news, math.inf, comes_back=True)
        with self._lock:
            if self._has_news():
                return
            lock = new_lock()
            self._readers.append(lock)
            if self._has_news():
                return
        lock.acquire()

    def _wake_readers(self) -> None:
        readers, self._readers = self._readers, []
        wake(readers)

    def _has_news(self) -> bool:
        return bool(self._pieces) or self._has_ended

    def _end(
        self, error: URLError | None, response: HTTPURLResponse | None, body: bytes
    ) -> None:
        super()._end(error, response, body)
        with self._lock:
            self._wake_readers()


class BytesLoad:
    """A stream that is being opened: await it, or take its `result`.

    Gives ``(chunks, response)`` once the head has come. Dropped before that, the
    load is cancelled.
    """

    def __init__(self, task: StreamedDataTask) -> None:
        self.task = task
        self._is_taken = False

    def result(
        self, timeout: float | None = None
    ) -> tuple[AsyncBytes, HTTPURLResponse]:
        """Wait for the head. Like `URLSessionTask.result`."""
        try:
            URLSessionDataTask.result(self.task, timeout)
        except URLError:
            if not self.task._has_head:
                raise  # otherwise whoever reads is told, after what was received
        return self._opened()

    def cancel(self) -> None:
        """Cancel the load."""
        self.task.cancel()

    def __await__(self) -> Generator[Any, None, tuple[AsyncBytes, HTTPURLResponse]]:
        try:
            yield from self.task.__await__()
        except URLError:
            if not self.task._has_head:
                raise
        return self._opened()

    def __del__(self) -> None:
        if not self._is_taken:
            self.task.drop()

    def _opened(self) -> tuple[AsyncBytes, HTTPURLResponse]:
        if self._is_taken:
            raise UsageError("this stream was opened already; it can be read once")
        self._is_taken = True
        response = self.task._response
        assert response is not None
        return AsyncBytes(self.task), response


class AsyncBytes:
    """The body of a reply as it comes, decoded; read once, in either door.

    ``async for chunk in chunks`` where asyncio runs, ``for chunk in chunks``
    elsewhere. A chunk is never empty and no longer than 16 KiB, which is what libcurl
    delivers at a time; 64 KiB, about, if the body was coded; of a stored reply, and of a
    load without libcurl, it may have any length. Memory stays flat: the transfer pauses
    while 1 MiB waits to be read, and up to 3 MiB more may have come until it does.
    Leaving the loop early, closing or dropping the stream cancels the transfer and
    closes its connection.

    Attributes:
        task: The data task.

    Source: Foundation's ``URLSession.AsyncBytes``.
    """

    def __init__(self, task: StreamedDataTask) -> None:
        self.task = task
        self._is_claimed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Chunks(self._claim())

    def __iter__(self) -> Iterator[bytes]:
        return _Chunks(self._claim())

    def iter_chunks(self) -> _Chunks:
        """Return the iterator over chunks, for both doors."""
        return _Chunks(self._claim())

    def lines(self, limit: int = 1024 * 1024) -> _Lines:
        """Iterate over lines without their ends (LF or CRLF), for both doors.

        Args:
            limit: Longest line in bytes; a longer one raises `ValueError`.
        """
        return _Lines(self._claim(), limit)

    async def aread(self) -> bytes:
        """Return all that is left, in one piece."""
        return b"".join([chunk async for chunk in self])

    def read(self) -> bytes:
        """Return all that is left, in one piece; blocks."""
        return b"".join(self)

    def close(self) -> None:
        """Cancel the transfer if it still runs. Harmless when repeated."""
        self._is_claimed = True
        self.task.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._is_claimed:
            self.task.drop()

    def _claim(self) -> StreamedDataTask:
        if self._is_claimed:
            raise UsageError(
                "this stream was read or closed already: its bytes come only once"
            )
        self._is_claimed = True
        return self.task


class _Chunks:
    """The one iterator of a stream; leaving it half-way ends the transfer."""

    def __init__(self, task: StreamedDataTask) -> None:
        self._task = task
        self._pop = task._pieces.popleft

    def __aiter__(self) -> Self:
        return self

    def __iter__(self) -> Self:
        return self

    # `take` and the count, spelled out in both: one piece costs little more.

    async def __anext__(self) -> bytes:
        task = self._task
        try:
            piece = self._pop()
        except IndexError:
            return await self._wait()
        task._taken += len(piece)
        if task._is_starved:
            task._reconsider()
        return piece

    async def _wait(self) -> bytes:
        task = self._task
        while (piece := task.take()) is None:
            if task.is_exhausted:
                raise StopAsyncIteration
            future = task.next_future()
            if future is not None:
                await future
        return piece

    def __next__(self) -> bytes:
        task = self._task
        try:
            piece = self._pop()
        except IndexError:
            return self._wait_blocking()
        task._taken += len(piece)
        if task._is_starved:
            task._reconsider()
        return piece

    def _wait_blocking(self) -> bytes:
        task = self._task
        while (piece := task.take()) is None:
            if task.is_exhausted:
                raise StopIteration
            task.wait_for_piece()
        return piece

    def __del__(self) -> None:
        if not self._task.is_exhausted:
            self._task.drop()


class _Lines:
    """Lines of a stream."""

    def __init__(self, task: StreamedDataTask, limit: int) -> None:
        self._chunks = _Chunks(task)
        self._limit = limit
        self._left = b""
        self._lines: deque[bytes] = deque()
        self._is_done = False

    def __aiter__(self) -> Self:
        return self

    def __iter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._lines:
            if self._is_done:
                raise StopAsyncIteration
            try:
                self._feed(await self._chunks.__anext__())
            except StopAsyncIteration:
                self._feed_end()
        return self._lines.popleft()

    def __next__(self) -> bytes:
        while not self._lines:
            if self._is_done:
                raise StopIteration
            try:
                self._feed(next(self._chunks))
            except StopIteration:
                self._feed_end()
        return self._lines.popleft()

    def _feed(self, chunk: bytes) -> None:
        *lines, self._left = (self._left + chunk).split(b"\n")
        self._lines.extend(line.removesuffix(b"\r") for line in lines)
        if max(map(len, (*lines, self._left))) > self._limit:
            self._lines.clear()
            raise ValueError(f"a line is longer than {self._limit} bytes")

    def _feed_end(self) -> None:
        self._is_done = True
        if self._left:
            self._lines.append(self._left)
            self._left = b""
