"""Looks at a running program from time to time, where that was asked for.

Decides when something is said: when a verdict is new. The heap is not searched, since
the program serves meanwhile. The thread is a plain one that the program's list of
threads does not show; it is not there while the process forks, since a fork with
several threads is warned of from Python 3.12 on.
"""

from __future__ import annotations

import _thread
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from .output import write_text

if TYPE_CHECKING:
    from .observer import Observer
    from .report import Report

__all__ = ("Ticker", "tell_every")


class Ticker:
    """Reports what is new every so many seconds.

    Args:
        observer: Who looks.
        every: Seconds between two looks.
    """

    def __init__(self, observer: Observer, every: float) -> None:
        self._observer = observer
        self._every_s = every
        self._pid = os.getpid()
        self._told: set[tuple[int, str]] = set()
        self._stop = _thread.allocate_lock()
        self._gone = _thread.allocate_lock()
        self._is_running = False

    def start(self) -> None:
        """Begin to look; does nothing in a forked child."""
        if self._is_running or os.getpid() != self._pid:
            return
        self._is_running = True
        self._stop.acquire()
        self._gone.acquire()
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """Stop looking; the thread has ended when this returns."""
        if not self._is_running:
            return
        self._stop.release()
        with self._gone:
            self._is_running = False

    def _run(self) -> None:
        try:
            while not self._stop.acquire(timeout=self._every_s):
                if not self._observer.is_running:
                    return
                self._look()
            self._stop.release()
        finally:
            self._gone.release()

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
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=ticker.stop, after_in_parent=ticker.start)
    ticker.start()
