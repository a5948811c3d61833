"""Looks from time to time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from urlsession.testing import wait_until
from urlsession.watch.entry.ticker import Ticker
from urlsession.watch.observer import Observer

from ..conftest import StandIn

Make = Callable[[], StandIn]


def threads() -> set[str]:
    """Return the threads that the kernel knows, by their numbers."""
    return set(os.listdir("/proc/self/task"))


def listed() -> set[int]:
    """Return the threads that Python lists."""
    return {one.ident or 0 for one in threading.enumerate()}


def test_ticker_has_a_thread_that_no_list_shows_and_that_ends() -> None:
    """The kernel counts it while it runs."""
    observer = Observer(adapters=[])
    observer.start()
    ticker = Ticker(observer, 30.0)
    before = threads(), listed()
    ticker.start()
    # Others may end meanwhile: those of tests before, the shared cache's.
    new, news = threads() - before[0], listed() - before[1]
    ticker.stop()
    observer.stop()

    assert (len(new), news) == (1, set())
    assert wait_until(lambda: not new & threads())


def test_ticker_tells_a_verdict_once(
    make_session: Make, observer: Observer, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says nothing while nothing is new."""
    observer._idle_after_s = 0.0
    session = make_session()
    ticker = Ticker(observer, 0.01)
    said: list[str] = []

    def has_said() -> bool:
        said.append(capsys.readouterr().err)
        return "idle: 1 connection" in "".join(said)

    ticker.start()
    has_told = wait_until(has_said)
    # Several more looks.
    wait_until(lambda: False, within_s=0.1)
    ticker.stop()
    said.append(capsys.readouterr().err)
    session.invalidate()

    assert has_told
    assert "".join(said).count("urlsession watch:") == 1


def test_ticker_started_and_stopped_again_is_one() -> None:
    """As around each fork."""
    observer = Observer(adapters=[])
    observer.start()
    ticker = Ticker(observer, 30.0)
    before = threads()
    for _ in range(3):
        ticker.start()
        ticker.start()
        ticker.stop()
        ticker.stop()
    observer.stop()

    assert wait_until(lambda: threads() <= before)
