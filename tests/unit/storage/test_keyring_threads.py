"""What asks a keyring, and what writes to it, each on a thread of its own."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from urlsession.storage.keyring_threads import KeyringThreads


def test_who_comes_while_it_is_asked_shares_the_question() -> None:
    """In the order in which they came, on one thread that is not theirs."""
    threads, go, is_over = KeyringThreads(), threading.Event(), threading.Event()
    asked: list[int] = []
    told: list[tuple[int, int]] = []

    def ask() -> None:
        asked.append(threading.get_ident())
        assert go.wait(5)

    def tell(number: int) -> None:
        told.append((number, threading.get_ident()))

    for n in range(3):
        threads.call_after(ask, partial(tell, n))
    threads.call_after(ask, is_over.set)
    go.set()
    assert is_over.wait(5)

    assert len(asked) == 1
    assert told == [(n, asked[0]) for n in range(3)]
    assert threading.get_ident() not in asked


def test_one_that_fails_does_not_keep_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log says so."""
    threads, is_over = KeyringThreads(), threading.Event()
    go = threading.Event()

    def fail() -> None:
        raise ValueError("no")

    def ask() -> None:
        assert go.wait(5)

    threads.call_after(ask, fail)
    threads.call_after(lambda: None, is_over.set)
    go.set()

    assert is_over.wait(5)
    assert "ValueError: no" in caplog.text


def test_look_up_waits_for_what_is_written_but_not_where_it_is() -> None:
    """Which may look things up itself."""
    threads, go = KeyringThreads(), threading.Event()
    order: list[str] = []

    def act() -> None:
        assert go.wait(5)
        threads.wait_until_written()
        order.append("written")

    threads.write(act)
    assert threads.is_writing
    threading.Timer(0.01, go.set).start()
    threads.wait_until_written()
    order.append("looked up")

    assert order == ["written", "looked up"]
    assert not threads.is_writing
