"""Dates in cookies, in the many forms that servers write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from urlsession.storage.cookies.date import datetime_of, parse_cookie_date

NOON = datetime(2031, 3, 4, 12, 30, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 04 Mar 2031 12:30:59 GMT",
        "Tuesday, 04-Mar-31 12:30:59 GMT",
        "Tue Mar  4 12:30:59 2031",
        "04 mar 2031 12:30:59",
        "4 MARCH 2031 12:30:59",
        "12:30:59 4 marzo 31",
        "2031 4 Mar 12:30:59",  # a year of four digits is no day
        "12:30:59 Mar 4 2031 +0900 (JST)",  # the zone does not count
        "Tue,04/Mar/2031;12:30:59",
        "4th Mar 2031x 12:30:59y",
        '"Tue, 04 Mar 2031 12:30:59 GMT"',
        "Mar 4 2031 12:30:59 1 2 3 Apr",  # the first of each kind counts
    ],
)
def test_date_is_read(text: str) -> None:
    """By its parts, in any order."""
    assert parse_cookie_date(text) == NOON.timestamp()


@pytest.mark.parametrize(
    ("text", "year"),
    [("69", 2069), ("70", 1970), ("99", 1999), ("00", 2000), ("1601", 1601)],
)
def test_short_year_is_of_this_or_the_last_century(text: str, year: int) -> None:
    """From 70 on of the last."""
    moment = parse_cookie_date(f"1 Jan {text} 00:00:00")

    assert moment == datetime(year, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "04 Mar 2031",  # no time
        "Mar 2031 12:30:59",  # no day
        "04 2031 12:30:59",  # no month
        "04 Mar 12:30:59",  # no year
        "04 Mar 1600 12:30:59",
        "04 Mar 231 12:30:59",  # the year 231
        "04 Mar 20311 12:30:59",
        "00 Mar 2031 12:30:59",
        "32 Mar 2031 12:30:59",
        "29 Feb 2031 12:30:59",
        "04 Mar 2031 24:00:00",
        "04 Mar 2031 12:60:00",
        "31 Dec 2016 23:59:60",  # leap seconds cannot be said
        "04 Mar 2031 12:30",
        "04 Mar 2031 12: 30:59",
        "04 Mar 2031 123:30:59",
        "٠٤ Mar ٢٠٣١ 12:30:59",  # digits, but not HTTP's
        "0" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """It is ignored, not guessed."""
    assert parse_cookie_date(text) is None


def test_moment_is_a_date_in_utc() -> None:
    """Both ways."""
    assert datetime_of(NOON.timestamp()) == NOON
    assert datetime_of(-86_400.0) == datetime(1969, 12, 31, tzinfo=UTC)


def test_moment_beyond_the_calendar_is_its_end() -> None:
    """A file may hold any number."""
    assert datetime_of(1e18).year == 9999
    assert datetime_of(-1e18).year == 1
