"""What the user sees while loads run: bars on a terminal, and lines of text.

Decides when there are bars at all. Everything goes to standard error, and nothing
that goes wrong there stops a load.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ("Counted", "Screen", "one_line", "wants_bars")

REFRESH_S = 0.1
SHOWN_BARS = 12  # of finished loads; more would scroll the running ones away


class Counted(Protocol):
    """What a bar is drawn from: a task."""

    @property
    def count_of_bytes_sent(self) -> int:
        """Bytes of the request's body so far."""

    @property
    def count_of_bytes_expected_to_send(self) -> int:
        """Bytes of the request's body in the end; -1 if that is not known."""

    @property
    def count_of_bytes_received(self) -> int:
        """Body bytes so far."""

    @property
    def count_of_bytes_expected_to_receive(self) -> int:
        """Body bytes in the end; not above 0 if that is not known."""


def wants_bars(stream: TextIO) -> bool:
    """Whether bars can be drawn on a stream."""
    if os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # no stream, or a closed one
        return False


def one_line(text: str) -> str:
    """Return `text` without what could start a new line or steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


class Screen:
    """Standard error, as bars and lines share it.

    Args:
        stream: Where to write.
        count: How many loads there will be.
        has_bars: Whether to draw bars.
    """

    def __init__(self, stream: TextIO, count: int, *, has_bars: bool) -> None:
        self._stream = stream
        self._count = count
        self._running: dict[TaskID, Counted] = {}
        self._progress = _make_progress(stream) if has_bars else None
        self._finished = 0

    @contextmanager
    def bars(self) -> Iterator[None]:
        """Draw bars meanwhile; within a running loop."""
        progress = self._progress
        if progress is None:
            yield
            return
        drawing = asyncio.ensure_future(self._draw(progress))
        try:
            with progress:
                yield
        finally:
            drawing.cancel()
            self._progress = None

    @contextmanager
    def bar(self, name: str, task: Counted) -> Iterator[None]:
        """Draw one load's bar meanwhile."""
        progress = self._progress
        if progress is None:
            yield
            return
        bar = progress.add_task(_shortened(one_line(name)), total=None)
        self._running[bar] = task
        try:
            yield
        finally:
            self._update(progress, bar, task)
            del self._running[bar]
            self._finished += 1
            progress.stop_task(bar)
            if self._count > SHOWN_BARS:
                progress.remove_task(bar)

    def say(self, text: str) -> None:
        """Print a line, above the bars if there are any."""
        with contextlib.suppress(OSError, ValueError):  # nobody listens
            if self._progress is not None:
                console = self._progress.console
                console.print(text, markup=False, highlight=False, soft_wrap=True)
            else:
                self._stream.write(text + "\n")
                self._stream.flush()

    async def _draw(self, progress: Progress) -> None:
        while True:
            for bar, task in self._running.items():
                self._update(progress, bar, task)
            progress.refresh()
            await asyncio.sleep(REFRESH_S)

    def _update(self, progress: Progress, bar: TaskID, task: Counted) -> None:
        expected = task.count_of_bytes_expected_to_receive  # 0 before the head
        to_send = task.count_of_bytes_expected_to_send
        total = expected + to_send if min(expected, to_send) >= 0 else 0
        moved = task.count_of_bytes_sent + task.count_of_bytes_received
        progress.update(bar, completed=moved, total=total or None)


def _make_progress(stream: TextIO) -> Progress:
    from rich.console import Console  # 40 ms that only a terminal is worth
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=Console(file=stream),
        auto_refresh=False,  # refreshed from the loop: a thread would be one too many
        redirect_stdout=False,  # bodies go there as they are
        redirect_stderr=False,
    )


def _shortened(name: str, columns: int = 40) -> str:
    """Return a URL cut in its middle: host and file name tell most."""
    if len(name) <= columns:
        return name
    half = (columns - 1) // 2
    return f"{name[:half]}…{name[-half:]}"
