"""When the program's threads have done their work."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, thread

import pytest

from urlsession.watch.entry.threads import is_of_a_pool, wait_for_threads


def test_thread_is_waited_for() -> None:
    """To its end."""
    may_end = threading.Event()
    one = threading.Thread(target=may_end.wait)
    one.start()
    threading.Timer(0.05, may_end.set).start()
    wait_for_threads()

    assert not one.is_alive()


def test_daemon_is_not_waited_for() -> None:
    """It ends with the interpreter."""
    may_end = threading.Event()
    one = threading.Thread(target=may_end.wait, daemon=True)
    one.start()
    wait_for_threads()
    was_alive = one.is_alive()
    may_end.set()
    one.join()

    assert was_alive


def test_pool_is_waited_for_until_it_is_idle() -> None:
    """Its workers live on."""
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(threading.Event().wait, 0.05) for _ in range(5)]
        wait_for_threads()

        assert all(one.done() for one in done)
        assert any(one.is_alive() for one in pool._threads)


def test_steps_of_pools_are_told_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """However this Python keeps what is to run before threads are joined."""
    kept: list[object] = []
    monkeypatch.setattr(threading, "_threading_atexits", kept)
    register = threading._register_atexit  # type: ignore[attr-defined]  # private, as it is used
    register(thread._python_exit)
    register(print)

    assert [is_of_a_pool(one) for one in kept] == [True, False]
