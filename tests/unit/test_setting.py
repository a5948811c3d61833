"""A wrong value is refused at the assignment, with the property's name."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from urlsession.request import CachePolicy
from urlsession.setting import (
    Check,
    Setting,
    alpn_or_none,
    class_tuple,
    count,
    flag,
    interval,
    member,
    moment,
    no_dnssec,
    object_or_none,
    object_tuple,
    optional_interval,
    pem_or_none,
    text_or_none,
)

PEM = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"


def test_moment_is_a_datetime_with_a_zone() -> None:
    """In seconds since 1970, whatever its zone."""
    zone = timezone(timedelta(hours=2))

    assert moment("date", datetime(1970, 1, 1, 2, 0, 1, tzinfo=zone)) == 1.0
    with pytest.raises(TypeError, match="date must be a datetime, not float"):
        moment("date", 1.0)
    with pytest.raises(ValueError, match="has no time zone"):
        moment("date", datetime(2030, 1, 1))  # noqa: DTZ001  # the mistake under test


class Owner:
    """Something with settings."""

    size = Setting(3, count, "How big.")
    later = Setting(False, flag, "Not yet.", acts=False)

    def __init__(self) -> None:
        self._values: dict[str, object] = {}


def test_setting_has_its_default_until_set() -> None:
    """Each object has values of its own."""
    one, other = Owner(), Owner()

    one.size = 5

    assert (one.size, other.size) == (5, 3)


def test_setting_keeps_its_value_when_refusing() -> None:
    """The message names the property."""
    owner = Owner()

    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        owner.size = 0

    assert owner.size == 3


def test_setting_of_the_class_tells_about_itself() -> None:
    """Docstring and state are readable, so that docs can be checked against them."""
    assert Owner.size.__doc__ == "How big."
    assert Owner.later.__doc__ == "Not yet. Accepted; does not act yet."
    assert (Owner.size.acts, Owner.later.acts) == (True, False)
    assert Owner.size.default == 3


@pytest.mark.parametrize(
    ("check", "value", "kept"),
    [
        (flag, True, True),
        (interval, 5, 5.0),
        (interval, 0.25, 0.25),
        (interval, math.inf, math.inf),
        (optional_interval, None, None),
        (optional_interval, 0, 0.0),
        (optional_interval, 2, 2.0),
        (count, 1, 1),
        (member(CachePolicy), 3, CachePolicy.RETURN_CACHE_DATA_DONT_LOAD),
        (text_or_none, None, None),
        (text_or_none, "x", "x"),
        (alpn_or_none, None, None),
        (alpn_or_none, "h2", "h2"),
        (object_or_none, 3, 3),
        (object_tuple, [1], (1,)),
        (class_tuple, [int, str], (int, str)),
        (pem_or_none, None, None),
        (pem_or_none, PEM, PEM),
        (pem_or_none, "ca.pem", "ca.pem"),
        (pem_or_none, Path("ca.pem"), "ca.pem"),
    ],
)
def test_check_keeps(check: Check[object], value: object, kept: object) -> None:
    """A legal value, in the form it is kept in."""
    assert check("name", value) == kept


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (flag, 1),
        (no_dnssec, 1),
        (flag, "no"),
        (interval, True),
        (interval, "5"),
        (interval, None),
        (optional_interval, "5"),
        (count, True),
        (count, 2.0),
        (member(CachePolicy), "x"),
        (member(CachePolicy), True),
        (text_or_none, 3),
        (object_tuple, "abc"),
        (object_tuple, 3),
        (class_tuple, [3]),
        (pem_or_none, 3),
    ],
)
def test_check_refuses_the_kind_of(check: Check[object], value: object) -> None:
    """A TypeError that starts with the property's name."""
    with pytest.raises(TypeError, match=r"^name must "):
        check("name", value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (interval, 0),
        (no_dnssec, True),
        (interval, -1),
        (interval, math.nan),
        (optional_interval, -0.5),
        (optional_interval, math.nan),
        (count, 0),
        (member(CachePolicy), 99),
        (text_or_none, ""),
        (alpn_or_none, "http/3"),
        (alpn_or_none, 2),
        (pem_or_none, b"no certificate"),
        (pem_or_none, ""),
    ],
)
def test_check_refuses_the_value(check: Check[object], value: object) -> None:
    """A ValueError that starts with the property's name."""
    with pytest.raises(ValueError, match=r"^name"):
        check("name", value)
