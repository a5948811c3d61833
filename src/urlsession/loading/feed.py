"""A request body that comes in its own time: made elsewhere, sent when it is there.

Decides that a source that may block never runs where sessions are driven: an
iterable and a pipe are read on a thread of their own, an async iterable on the
session's loop (a session without one: on a loop of that thread). Between producer
and libcurl lie at most `HIGH_WATER` bytes; with none there libcurl's sending pauses
and the connection's other direction goes on. Knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import asyncio

__all__ = (
    "HIGH_WATER",
    "LOW_WATER",
    "Feed",
    "FeedSource",
    "checked_piece",
    "close_generator",
)

FeedSource: TypeAlias = "Iterator[object] | AsyncIterator[object]"

HIGH_WATER = 1024 * 1024  # bytes ahead of libcurl at which a source has to wait
LOW_WATER = 256 * 1024  # bytes ahead of libcurl at which it goes on
LINGER_S = 60.0  # seconds after which a full feed looks whether it was closed


class Feed:
    """Pieces of one body between their source and libcurl.

    Nothing is asked of the source before libcurl asks for the first piece. Any
    thread may call any method.

    Args:
        source: Gives the pieces; closed with the feed if it is a generator. One that
            is an async iterator too is used as such if there is a loop.
        wake: Called, with no lock held, when there is something to take after
            `take` had nothing.
        loop: The loop that an async source runs on; None for one of its own.
    """

    def __init__(
        self,
        source: FeedSource,
        wake: Callable[[], None],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._source = source
        self._is_async = not hasattr(source, "__next__") or (
            loop is not None and hasattr(source, "__anext__")
        )
        self._wake = wake
        self._loop = loop
        # Re-entrant: a loop may run a task, as eagerly as it likes, when it is made.
        self._lock = threading.RLock()
        self._room = threading.Condition(self._lock)
        self._future: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._pieces: deque[memoryview] = deque()
        self._size = 0
        self._is_begun = False
        self._is_starved = False
        self._is_ended = False
        self._is_closed = False
        self._error: BaseException | None = None

    # -- for the reader ----------------------------------------------------------

    def take(self, size: int) -> bytes | None:
        """Return up to `size` bytes, empty at the end; None if there are none now.

        Raises:
            BaseException: What the source raised, after what it gave before.
        """
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                self._begin()
            if not self._pieces:
                if self._error is not None:
                    raise self._error
                if self._is_ended:
                    return b""
                self._is_starved = True
                return None
            taken = self._cut(size)
            if self._size <= LOW_WATER:
                self._make_room()
        return taken

    def close(self) -> None:
        """Want no more: the source is closed as soon as it lets go."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._pieces.clear()
            self._make_room()
            task, loop = self._task, self._loop
            if not self._is_begun and not self._is_async:
                close_generator(self._source)
        if task is not None and loop is not None:
            _on_loop(loop, task.cancel)

    # -- inside ------------------------------------------------------------------

    def _cut(self, size: int) -> bytes:
        pieces, cut, left = self._pieces, [], size
        while pieces and left:
            piece = pieces[0]
            if len(piece) <= left:
                cut.append(pieces.popleft())
            else:
                cut.append(piece[:left])
                pieces[0] = piece[left:]
            left -= len(cut[-1])
        self._size -= size - left
        return cut[0].tobytes() if len(cut) == 1 else b"".join(cut)

    def _make_room(self) -> None:
        self._room.notify_all()
        future, self._future = self._future, None
        if future is not None and self._loop is not None:
            _on_loop(self._loop, partial(_resolve, future))

    def _begin(self) -> None:
        if self._is_async and self._loop is not None:
            _on_loop(self._loop, self._start_task)
            return
        run = self._run_loop if self._is_async else self._run
        threading.Thread(target=run, name="urlsession-body", daemon=True).start()

    def _put(self, piece: bytes) -> bool:
        """Take a piece from the source; False if it has to wait for room."""
        with self._lock:
            if self._is_closed:
                raise _ClosedError
            if piece:
                self._pieces.append(memoryview(piece))
                self._size += len(piece)
            is_starved = self._is_starved and bool(piece)
            if is_starved:
                self._is_starved = False
            has_room = self._size < HIGH_WATER
        if is_starved:
            self._wake()
        return has_room

    def _end(self, error: BaseException | None) -> None:
        with self._lock:
            self._is_ended = True
            self._error = error
            self._task = None
            is_starved, self._is_starved = self._is_starved, False
            is_closed = self._is_closed
        if is_starved and not is_closed:
            self._wake()

    # -- a source that may block, on a thread of its own ---------------------------

    def _run(self) -> None:
        source: Any = self._source
        error: BaseException | None = None
        try:
            for piece in source:
                if not self._put(checked_piece(piece)):
                    self._wait_for_room()
        except _ClosedError:
            pass
        except BaseException as raised:  # user code: kept for the task
            error = raised
        close_generator(source)
        self._end(error)

    def _wait_for_room(self) -> None:
        with self._room:
            while self._size > LOW_WATER and not self._is_closed:
                self._room.wait(LINGER_S)

    # -- a source that awaits ------------------------------------------------------

    def _run_loop(self) -> None:
        import asyncio  # whoever has an async source has it loaded

        with contextlib.suppress(asyncio.CancelledError):  # closed as it ended
            asyncio.run(self._run_here())

    async def _run_here(self) -> None:
        asyncio_module: Any = sys.modules["asyncio"]
        with self._lock:
            self._loop = asyncio_module.get_running_loop()
            self._task = asyncio_module.current_task()
            is_closed = self._is_closed
        if not is_closed:
            await self._pump()

    def _start_task(self) -> None:
        with self._lock:
            if not self._is_closed and self._loop is not None:
                self._task = self._loop.create_task(self._pump())

    async def _pump(self) -> None:
        source: Any = self._source
        error: BaseException | None = None
        asyncio_module: Any = sys.modules["asyncio"]
        try:
            async for piece in source:
                if not self._put(checked_piece(piece)):
                    await self._room_again()
        except _ClosedError:
            pass
        except asyncio_module.CancelledError as raised:
            error = None if self._is_closed else raised
        except BaseException as raised:  # user code: kept for the task
            error = raised
        close = getattr(source, "aclose", None)
        if close is not None:
            try:
                await close()
            except BaseException as raised:  # user code: kept for the task
                error = error or raised
        self._end(error)

    async def _room_again(self) -> None:
        with self._lock:
            if self._size <= LOW_WATER or self._is_closed or self._loop is None:
                return
            future = self._future = self._loop.create_future()
        await future


class _ClosedError(Exception):
    """Nobody wants the rest."""


def checked_piece(piece: object) -> bytes:
    """Return a piece of a body as bytes.

    Raises:
        TypeError: It is none.
    """
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, bytearray | memoryview):
        return bytes(piece)
    raise TypeError(f"a request body is made of bytes, not {type(piece).__name__}")


def close_generator(source: Any) -> None:
    """Close a generator, which may hold files open; leave anything else alone."""
    if hasattr(source, "gi_frame"):
        source.close()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _on_loop(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    """Run `act` on a loop, at once if this is its thread; not if it is closed."""
    events = sys.modules["asyncio.events"]
    if events._get_running_loop() is loop:
        act()
        return
    try:
        loop.call_soon_threadsafe(act)
    except RuntimeError:  # closed: nothing runs there any more
        return
