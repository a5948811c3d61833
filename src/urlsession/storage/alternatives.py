"""Other places where an origin says that it can be reached: over HTTP/3.

Decides what an ``Alt-Svc`` field says, how long that is believed, and for how long a
place that did not work is not tried again. Pure: `now` is monotonic seconds. What is
learnt lives as long as the session.

Source: RFC 7838; RFC 9114 section 3.1.1.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ("Alternative", "Alternatives", "Origin", "read_alternative")

Origin = tuple[str, str, int]
"""(scheme, host, port)."""

_ENTRY = re.compile(
    r'\s*([^\s=;,"]+)\s*=\s*"([^"]*)"((?:\s*;\s*[^\s=;,]+\s*=\s*(?:"[^"]*"|[^\s;,]*))*)'
    r"\s*(?:,|$)"
)
_MAX_AGE = re.compile(r'(?:^|;)\s*ma\s*=\s*"?(\d+)"?', re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]*):([0-9]{1,5})")
DEFAULT_AGE_S = 86400.0
LONGEST_AGE_S = 30 * 86400.0
FIRST_REST_S = 60.0  # after a failure; doubled by each further one
LONGEST_REST_S = 3600.0
MAXIMUM_ORIGINS = 1024


class Alternative(NamedTuple):
    """One other place, which speaks HTTP/3."""

    host: str
    port: int


class _Known(NamedTuple):
    alternative: Alternative
    expires_at: float


def read_alternative(value: str, host: str) -> tuple[Alternative, float] | None:
    """Return the first place that speaks HTTP/3, with seconds that it may be used.

    Args:
        value: The field's value, not ``clear``.
        host: The origin's, for a place that names none.
    """
    position = 0
    while match := _ENTRY.match(value, position):
        position = match.end()
        authority = _AUTHORITY.fullmatch(match[2])
        if match[1] != "h3" or authority is None:
            continue
        port = int(authority[2])
        if not 0 < port <= 65535:
            continue
        age = _MAX_AGE.search(match[3])
        age_s = DEFAULT_AGE_S if age is None else min(float(age[1]), LONGEST_AGE_S)
        return Alternative(authority[1].strip("[]").lower() or host, port), age_s
    return None


class Alternatives:
    """What one session has learnt. One lock guards it: the caller's."""

    def __init__(self) -> None:
        self.known: dict[Origin, _Known] = {}
        self._rests: dict[Origin, tuple[float, float]] = {}

    def note(self, origin: Origin, value: str, now: float) -> None:
        """Take what a reply of `origin` over TLS says; it replaces what was known."""
        if value.strip() == "clear":
            self.known.pop(origin, None)
            return
        found = read_alternative(value, origin[1])
        if found is None or not found[1]:
            self.known.pop(origin, None)
            return
        if origin not in self.known and len(self.known) >= MAXIMUM_ORIGINS:
            del self.known[next(iter(self.known))]
        self.known[origin] = _Known(found[0], now + found[1])

    def find(self, origin: Origin, now: float) -> Alternative | None:
        """Return where to try `origin` now; None to ask it where it is."""
        known = self.known.get(origin)
        if known is None:
            return None
        if known.expires_at <= now:
            del self.known[origin]
            return None
        rest = self._rests.get(origin)
        return None if rest is not None and rest[0] > now else known.alternative

    def failed(self, origin: Origin, now: float) -> None:
        """The place did not work: leave it alone for a while."""
        rest_s = FIRST_REST_S
        if (last := self._rests.get(origin)) is not None:
            rest_s = min(last[1] * 2, LONGEST_REST_S)
        self._rests[origin] = (now + rest_s, rest_s)

    def worked(self, origin: Origin) -> None:
        """The place worked: what failed before does not count any more."""
        self._rests.pop(origin, None)

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self._rests.clear()
