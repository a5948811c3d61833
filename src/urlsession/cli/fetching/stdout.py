"""Standard output, shared by many loads: their bodies appear in the URLs' order.

Decides who writes through and who waits. The load whose turn it is writes as its
bytes come; the others go on loading meanwhile and are kept, above 1 MiB on disk.
To pause them instead could wedge: a redirect of the first may need a connection
that a paused one holds.
"""

from __future__ import annotations

import asyncio
import os
import queue
import stat
import threading
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from .sink import OutputError, write_all
from .turn import Turns

if TYPE_CHECKING:
    from ...response import HTTPURLResponse

__all__ = (
    "DescriptorWriter",
    "OrderedOutput",
    "OrderedSink",
    "OutputClosedError",
    "StandardOutputError",
)

SPOOL_BYTES = 1024 * 1024  # in memory for each load that waits; as a stream's own
COPY_BYTES = 512 * 1024


class StandardOutputError(OutputError):
    """Standard output takes nothing more: every load is in vain."""


class OutputClosedError(StandardOutputError):
    """Whoever read standard output has gone."""


class OrderedOutput:
    """One descriptor, and the loads that write to it in order.

    Args:
        fd: The descriptor; stays open.
    """

    def __init__(self, fd: int) -> None:
        self.writer = DescriptorWriter(fd)
        self.turns = Turns()
        self._sinks: dict[int, OrderedSink] = {}

    def sink(self, index: int) -> OrderedSink:
        """Return where the load with this number writes."""
        sink = self._sinks[index] = OrderedSink(self, index)
        return sink

    async def passed(self, index: int) -> None:
        """Go on to the next load, and write what it has kept."""
        self._sinks.pop(index, None)
        self.turns.done(index)
        following = self._sinks.get(self.turns.next)
        if following is not None:
            await following.catch_up()

    def close(self) -> None:
        """Let go of the thread; what is being written may still be."""
        for sink in self._sinks.values():
            sink.discard()
        self.writer.close()


class OrderedSink:
    """One load's place in the order; a `Sink`."""

    def __init__(self, output: OrderedOutput, index: int) -> None:
        self._output = output
        self._index = index
        self._spool: SpooledTemporaryFile[bytes] | None = None
        self._lock = asyncio.Lock()

    async def begin(self, response: HTTPURLResponse) -> None:
        """See `Sink`."""

    async def write(self, data: bytes) -> None:
        """See `Sink`."""
        async with self._lock:
            if self._index <= self._output.turns.next:
                await self._empty_spool()
                await self._output.writer.write(data)
                return
            if self._spool is None:
                self._spool = SpooledTemporaryFile(  # noqa: SIM115 - closed by discard
                    max_size=SPOOL_BYTES
                )
            try:
                self._spool.write(data)
            except OSError as error:
                message = f"cannot keep what came on disk: {error.strerror}"
                raise OutputError(message) from error

    async def finish(self) -> str | None:
        """See `Sink`."""
        await self._output.turns.wait(self._index)
        await self.catch_up()
        await self._output.passed(self._index)
        return None

    async def abandon(self) -> None:
        """See `Sink`: what came before the failure is shown, as in a stream."""
        await self.finish()

    def discard(self) -> None:
        """See `Sink`."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    async def catch_up(self) -> None:
        """Write what was kept; it is this load's turn."""
        async with self._lock:
            await self._empty_spool()

    async def _empty_spool(self) -> None:
        spool = self._spool
        if spool is not None:
            spool.seek(0)
            while data := spool.read(COPY_BYTES):
                await self._output.writer.write(data)
            self.discard()


class DescriptorWriter:
    """Writes to a descriptor without holding up the event loop.

    A terminal or pipe may take nothing for hours. It cannot be made non-blocking
    here: that would be so for every program that shares it. So a thread writes;
    a daemon, which is not waited for when the program is interrupted.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        self._work: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    async def write(self, data: bytes) -> None:
        """Write all of `data`; one call at a time.

        Raises:
            OutputClosedError: The reader has gone.
            StandardOutputError: It cannot be written.
        """
        try:
            if self._is_file:
                write_all(self._fd, data)
                return
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="urlsession-fetch-stdout", daemon=True
                )
                self._thread.start()
            future = asyncio.get_running_loop().create_future()
            self._work.put((data, future))
            await future
        except BrokenPipeError as error:
            raise OutputClosedError("standard output was closed") from error
        except OSError as error:
            message = f"cannot write to standard output: {error.strerror}"
            raise StandardOutputError(message) from error

    def close(self) -> None:
        """End the thread once it has nothing to write."""
        if self._thread is not None:
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            data, future = work
            failure: OSError | None = None
            try:
                write_all(self._fd, data)
            except OSError as error:
                failure = error
            try:
                future.get_loop().call_soon_threadsafe(_settle, future, failure)
            except RuntimeError:  # the loop was closed: nobody waits any more
                return


def _settle(future: asyncio.Future[None], failure: OSError | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)
