"""Signals by name."""

from __future__ import annotations

import signal

import pytest

from urlsession.watch.entry.signals import signal_number


@pytest.mark.parametrize("name", ["USR1", "usr1", "SIGUSR1"])
def test_signal_is_found_by_any_of_its_names(name: str) -> None:
    """As `kill` takes them."""
    assert signal_number(name) is signal.SIGUSR1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("USR3", "no signal 'USR3'"),
        ("KILL", "cannot be caught"),
        ("term", "SIGTERM means something else"),
        ("", "no signal ''"),
    ],
)
def test_signal_that_cannot_ask_is_refused(name: str, words: str) -> None:
    """With what to take instead."""
    with pytest.raises(ValueError, match=words):
        signal_number(name)
