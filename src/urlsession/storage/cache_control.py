"""What the fields of HTTP caching say: directives, seconds, dates.

Decides how a malformed one is read: always the way that caches less. Must not know
what follows from them; that is `cache_rules`.

Source: RFC 9111, sections 1.2.2, 5.1, 5.2 and 5.3; RFC 9110, section 5.6.7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .months import MONTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("Directives", "age_seconds", "http_date", "parse_directives", "seconds_of")

Directives = dict[str, str | None]
"""Names in lower case, each with its argument; None if it has none."""

NO_DIRECTIVES: Directives = {}
_FOREVER_S = 2**31  # seconds; what RFC 9111 has anything larger taken for

_DIRECTIVE = re.compile(r'([^\s,="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?|"[^"]*"?')
_TIME = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)"
_DATES = (
    re.compile(
        rf"[a-z]{{3}}, (?P<D>\d\d) (?P<M>[a-z]{{3}}) (?P<Y>\d{{4}}) {_TIME} gmt"
    ),
    re.compile(rf"[a-z]{{6,9}}, (?P<D>\d\d)-(?P<M>[a-z]{{3}})-(?P<Y>\d\d) {_TIME} gmt"),
    re.compile(rf"[a-z]{{3}} (?P<M>[a-z]{{3}}) (?P<D>[ \d]\d) {_TIME} (?P<Y>\d{{4}})"),
)


def parse_directives(value: str | None) -> Directives:
    """Return the directives of a Cache-Control field, of all its lines joined.

    Of one that comes twice the smaller number counts, else the first. What stands in
    quotes is an argument, never a directive.
    """
    if not value:
        return NO_DIRECTIVES
    found: Directives = {}
    for match in _DIRECTIVE.finditer(value):
        name, quoted, plain = match.groups()
        if name is None:  # a string that belongs to nothing
            continue
        key = name.lower()
        argument = plain if quoted is None else quoted
        if key in found and seconds_of(found, key) <= seconds_of({key: argument}, key):
            continue
        found[key] = argument
    return found


def seconds_of(directives: Directives, name: str, *, unsaid: int = 0) -> int:
    """Return the seconds that a directive gives.

    Args:
        directives: The directives.
        name: Which; it must be there.
        unsaid: What it means without an argument.

    Returns:
        0 if its argument is no number: that caches least.
    """
    argument = directives[name]
    if argument is None:
        return unsaid
    if not (argument.isascii() and argument.isdigit()):
        return 0
    return min(int(argument), _FOREVER_S) if len(argument) < 20 else _FOREVER_S


def age_seconds(lines: Sequence[str]) -> int:
    """Return what the Age field says, in seconds; 0 if it says nothing legible.

    Args:
        lines: The value of each field of that name; the first one counts, up to a
            comma or a parameter, which are not legal there.
    """
    if not lines:
        return 0
    first = lines[0].partition(",")[0].partition(";")[0]
    return seconds_of({"age": first.strip()}, "age")


def http_date(text: str, now: float) -> float | None:
    """Return the seconds since 1970 of a date in one of HTTP's three forms.

    Args:
        text: The date.
        now: The present, for the century of years that have two digits.

    Returns:
        None if it is no such date.
    """
    lowered = text.lower()
    for form in _DATES:
        if match := form.fullmatch(lowered):
            break
    else:
        return None
    part = match.groupdict()
    if part["M"] not in MONTHS:
        return None
    from datetime import UTC, datetime  # 1 ms that a reply without dates need not pay

    year = int(part["Y"])
    if len(part["Y"]) == 2:  # the past, if it looks more than 50 years ahead
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year - this_year % 100
        if year > this_year + 50:
            year -= 100
    try:
        return datetime(
            year,
            MONTHS.index(part["M"]) + 1,
            int(part["D"]),
            int(part["h"]),
            int(part["m"]),
            min(int(part["s"]), 59),  # a leap second
            tzinfo=UTC,
        ).timestamp()
    except ValueError:  # the 31st of June
        return None
