"""What Alt-Svc says, and for how long it is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.storage.alternatives import (
    DEFAULT_AGE_S,
    FIRST_REST_S,
    MAXIMUM_ORIGINS,
    Alternative,
    Alternatives,
    read_alternative,
)

ORIGIN = ("https", "a.example", 443)
NOW = 50.0


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('h3=":443"', (Alternative("a.example", 443), DEFAULT_AGE_S)),
        ('h3=":443"; ma=60', (Alternative("a.example", 443), 60.0)),
        ('h3=":443"; persist=1; ma="60"', (Alternative("a.example", 443), 60.0)),
        ('h3="B.example:8443"', (Alternative("b.example", 8443), DEFAULT_AGE_S)),
        ('h3="[::1]:1"', (Alternative("::1", 1), DEFAULT_AGE_S)),
        ('h2=":1", h3-29=":2", h3=":3"', (Alternative("a.example", 3), DEFAULT_AGE_S)),
        ('h2="x:1"; ma=5, h3=":3"; ma=7', (Alternative("a.example", 3), 7.0)),
        ('h2=":443"', None),
        ('h3=":0"', None),
        ('h3=":99999"', None),
        ('h3="443"', None),
        ("h3=:443", None),
        ("clear", None),
        ("", None),
        (",,,", None),
    ],
)
def test_value_is_read(value: str, found: tuple[Alternative, float] | None) -> None:
    """The first place with HTTP/3; others do not matter."""
    assert read_alternative(value, "a.example") == found


@given(st.text())
def test_any_value_is_read_or_ignored(value: str) -> None:
    """No value of a server's is an error of ours."""
    read_alternative(value, "a")


def test_alternative_is_believed_for_its_time() -> None:
    """Each reply replaces what was said before."""
    known = Alternatives()
    known.note(ORIGIN, 'h3=":1"; ma=10', NOW)
    known.note(ORIGIN, 'h3=":2"; ma=10', NOW + 5)

    assert known.find(ORIGIN, NOW + 14) == Alternative("a.example", 2)
    assert known.find(ORIGIN, NOW + 15) is None
    assert known.find(("https", "b.example", 443), NOW) is None


@pytest.mark.parametrize("value", ["clear", 'h2=":1"', 'h3=":1"; ma=0'])
def test_alternative_is_taken_back(value: str) -> None:
    """By name, by others, or by no time at all."""
    known = Alternatives()
    known.note(ORIGIN, 'h3=":1"', NOW)
    known.note(ORIGIN, value, NOW)

    assert known.find(ORIGIN, NOW) is None


def test_place_that_failed_has_a_rest() -> None:
    """Each time a longer one, until it works."""
    known = Alternatives()
    known.note(ORIGIN, 'h3=":1"; ma=9999', NOW)
    known.failed(ORIGIN, NOW)

    assert known.find(ORIGIN, NOW + FIRST_REST_S - 1) is None
    assert known.find(ORIGIN, NOW + FIRST_REST_S) is not None
    known.failed(ORIGIN, NOW + FIRST_REST_S)
    assert known.find(ORIGIN, NOW + 3 * FIRST_REST_S - 1) is None
    known.worked(ORIGIN)
    assert known.find(ORIGIN, NOW + FIRST_REST_S) is not None


def test_number_of_origins_is_bounded() -> None:
    """The one known longest goes."""
    known = Alternatives()
    for number in range(MAXIMUM_ORIGINS + 1):
        known.note(("https", f"h{number}", 443), 'h3=":1"', NOW)

    assert len(known.known) == MAXIMUM_ORIGINS
    assert known.find(("https", "h0", 443), NOW) is None
    known.clear()
    assert not known.known
