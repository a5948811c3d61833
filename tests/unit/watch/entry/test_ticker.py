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


def thread_count() -> int:
    """Return how many threads the kernel counts."""
    return len(os.listdir("/proc/self/task"))


def test_ticker_has_a_thread_that_no_list_shows_and_that_ends() -> None:
    """The kernel counts it while it runs."""
    observer = Observer(adapters=[])
    observer.start()
    ticker = Ticker(observer, 30.0)
    before = (thread_count(), threading.active_count())
    ticker.start()
    during = (thread_count(), threading.active_count())
    ticker.stop()
    observer.stop()

    assert during == (before[0] + 1, before[1])
    assert wait_until(lambda: thread_count() == before[0])


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
    before = thread_count()
    for _ in range(3):
        ticker.start()
        ticker.start()
        ticker.stop()
        ticker.stop()
    observer.stop()

    assert wait_until(lambda: thread_count() == before)
