"""Looks at a running program from time to time, where that was asked for.

Decides when something is said: when a verdict is new. The heap is not searched, since
the program serves meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..capture.pulse import Pulse
from .output import write_text

if TYPE_CHECKING:
    from ..observer import Observer
    from ..report import Report

__all__ = ("Ticker", "tell_every")


class Ticker:
    """Reports what is new every so many seconds; not in a forked child.

    Args:
        observer: Who looks.
        every: Seconds between two looks.
    """

    def __init__(self, observer: Observer, every: float) -> None:
        self._observer = observer
        self._every_s = every
        self._told: set[tuple[int, str]] = set()
        self._pulse = Pulse(self._beat, every)

    def start(self) -> None:
        """Begin to look."""
        self._pulse.start()

    def stop(self) -> None:
        """Stop looking; the thread has ended when this returns."""
        self._pulse.stop()

    def _beat(self) -> float | None:
        if not self._observer.is_running:
            return None
        self._look()
        return self._every_s

    def _look(self) -> None:
        report = self._observer.check(with_heap=False)
        news = self._news(report)
        if news:
            write_text(news)

    def _news(self, report: Report) -> Report | None:
        """Return a report of what has a verdict, if one of them is new."""
        leaks = report.leaks
        told = {(one.facts.id, one.verdict.kind.value) for one in leaks if one.verdict}
        is_new = bool(told - self._told)
        self._told = told
        return replace(report, connections=leaks) if is_new else None


def tell_every(observer: Observer, every: float) -> None:
    """Report what is new every so many seconds, for as long as the observer runs."""
    ticker = Ticker(observer, every)
    observer.at_stop(ticker.stop)
    ticker.start()
