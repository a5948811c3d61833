"""The clock that a test moves."""

import pytest

from urlsession.testing import FakeClock


def test_clock_stands_still_until_advanced() -> None:
    """Only `advance` moves it."""
    clock = FakeClock(now=5.0)

    assert (clock(), clock(), clock.advance(2.5), clock()) == (5.0, 5.0, 7.5, 7.5)


def test_clock_refuses_to_go_back() -> None:
    """A monotonic clock has no negative step."""
    with pytest.raises(ValueError, match="cannot go back by"):
        FakeClock().advance(-1)
