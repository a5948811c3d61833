"""Dates as servers write them in cookies.

Decides which of the many forms is which moment (RFC 6265bis, 5.1.1). Must not know
the present.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..months import MONTHS

__all__ = ("datetime_of", "parse_cookie_date")

_DELIMITERS = re.compile(r"[\t\x20-/;-@\[-`{-~]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_YEAR = 1601


def parse_cookie_date(text: str) -> float | None:
    """Return the moment in seconds since 1970; None if `text` is no date.

    The time zone that it may name is not looked at: it is UTC.

    Source: RFC 6265bis, 5.1.1.
    """
    clock = None
    day = month = year = -1
    for token in _DELIMITERS.split(text):
        if clock is None and (found := _TIME.match(token)):
            clock = found
        elif day < 0 and (found := _DAY.match(token)):
            day = int(found[1])
        elif month < 0 and (name := token[:3].lower()) in MONTHS:
            month = MONTHS.index(name) + 1
        elif year < 0 and (found := _YEAR.match(token)):
            year = int(found[1])
    if 0 <= year <= 69:
        year += 2000
    elif 70 <= year <= 99:
        year += 1900
    if clock is None or day < 0 or month < 0 or year < _EARLIEST_YEAR:
        return None
    try:
        hour, minute, second = map(int, clock.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:  # the thirtieth of February, a leap second
        return None
    return (moment - _EPOCH).total_seconds()


def datetime_of(moment_s: float) -> datetime:
    """Return a moment, in seconds since 1970, as a datetime in UTC.

    One that a datetime cannot hold becomes the nearest that it can.
    """
    try:
        return _EPOCH + timedelta(seconds=moment_s)
    except OverflowError:
        if moment_s > 0:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.min.replace(tzinfo=UTC)
