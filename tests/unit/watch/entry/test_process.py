"""The observer of this process."""

from __future__ import annotations

import pytest

from urlsession.errors import UsageError
from urlsession.watch.entry import process


@pytest.fixture(autouse=True)
def no_observer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin unwatched, and end so."""
    monkeypatch.setattr(process, "_observer", None)


def test_check_before_start_is_a_usage_error() -> None:
    """The message says what to call."""
    with pytest.raises(UsageError, match=r"watch\.start\(\)"):
        process.check()


def test_check_after_stop_still_tells() -> None:
    """What was seen until then."""
    process.start()
    process.stop()

    assert process.check().problems == ()


def test_start_twice_keeps_the_observer() -> None:
    """Its record goes on."""
    process.start()
    first = process._observer
    process.start()
    process.stop()

    assert process._observer is first
