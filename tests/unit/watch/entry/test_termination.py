"""A child that missed SIGTERM is woken by whoever waits for it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.synchronize import Event

import pytest

from urlsession.watch.entry.termination import (
    hold_while_forking,
    let_be_woken,
    wake_the_terminated,
)
from urlsession.watch.observer import Observer


@pytest.fixture
def observer() -> Iterator[Observer]:
    one = Observer(adapters=[])
    one.start()
    wake_the_terminated(one)
    yield one
    one.stop()


def ends_when_woken(ready: Event) -> None:
    """Ignore SIGTERM, which is as good as to miss it, and end when woken."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGURG, lambda *_: exit_with(7))
    ready.set()
    threading.Event().wait(10)


def exit_with(code: int) -> None:
    raise SystemExit(code)


@pytest.mark.slow
@pytest.mark.leaves_connections_open(reason="multiprocessing's helpers stay")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("timeout", [None, 8.0])
@pytest.mark.usefixtures("observer")
def test_terminated_child_is_woken_while_it_is_waited_for(
    method: str, timeout: float | None
) -> None:
    """Until it has ended."""
    context = multiprocessing.get_context(method)
    ready = context.Event()
    one = context.Process(target=ends_when_woken, args=(ready,))  # type: ignore[attr-defined]  # each context has it
    one.start()
    ready.wait(10)
    one.terminate()
    one.join(timeout)

    assert one.exitcode == 7


@pytest.mark.slow
def test_signal_right_after_a_fork_is_not_lost() -> None:
    """Python would forget it; and no mask is left behind."""
    ended: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    hold_while_forking()
    try:
        for _ in range(50):
            pid = os.fork()
            if pid == 0:
                threading.Event().wait(10)
                os._exit(1)
            os.kill(pid, signal.SIGTERM)
            ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        signal.signal(signal.SIGTERM, former)

    assert ended == [7] * 50
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_multiprocessing_is_as_it_was_after_the_stop(observer: Observer) -> None:
    """Nothing of the watch stays."""
    from multiprocessing.popen_fork import Popen

    observer.stop()

    assert Popen.wait.__module__ == "multiprocessing.popen_fork"
    assert Popen.terminate.__module__ == "multiprocessing.popen_fork"


def test_waker_is_left_to_a_program_that_uses_it() -> None:
    """Its handler stays."""
    former = signal.signal(signal.SIGURG, signal.SIG_IGN)
    try:
        let_be_woken()

        assert signal.getsignal(signal.SIGURG) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGURG, former)
