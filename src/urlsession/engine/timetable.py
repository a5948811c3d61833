"""Who is to be given a turn, and when.

Pure: times are monotonic seconds that come in as arguments. Kept cheap for the
usual case, in which a pool asks for a turn that is later than one already agreed.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

__all__ = ("SLACK_S", "Timetable")

SLACK_S = 0.002  # seconds; event loops fire timers up to a clock tick early

_T = TypeVar("_T")


class Timetable(Generic[_T]):
    """One agreed time for each of several things.

    Attributes:
        next_at: Not later than the earliest agreed time; infinity if there is none.
    """

    __slots__ = ("_due", "next_at")

    def __init__(self) -> None:
        self._due: dict[_T, float] = {}
        self.next_at = math.inf

    def agree(self, thing: _T, at: float) -> bool:
        """Give `thing` a turn at `at`; True if that is now the earliest of all."""
        self._due[thing] = at
        if at < self.next_at:
            self.next_at = at
            return True
        return False

    def discard(self, thing: _T) -> None:
        """Give `thing` no turn."""
        self._due.pop(thing, None)
        if not self._due:
            self.next_at = math.inf

    def take_due(self, now: float) -> list[_T]:
        """Remove and return everything whose time has come."""
        if now < self.next_at:
            return []
        due = [thing for thing, at in self._due.items() if at <= now]
        for thing in due:
            del self._due[thing]
        self.next_at = min(self._due.values(), default=math.inf)
        return due
