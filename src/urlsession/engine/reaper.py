"""When a pooled connection has been idle, or alive, for too long.

Pure rules: they are handed facts and `now` and say what to close and when to
look again. They must not know of sockets, threads or clocks; `Pool` performs
what they decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..connections import Connection

__all__ = ("ReapPlan", "ReapPolicy", "plan_reaping")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapPolicy:
    """How long a connection may be kept; seconds, infinity for no limit."""

    idle_timeout_s: float
    maximum_lifetime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapPlan:
    """What to do now, and when to ask again (monotonic seconds; infinity: never)."""

    expired: tuple[Connection, ...]
    next_at: float


def plan_reaping(
    idle: Iterable[Connection], policy: ReapPolicy, now: float
) -> ReapPlan:
    """Decide which idle connections have expired.

    A connection is never taken from under a transaction: one that is in use when
    its lifetime ends is closed once it is idle.
    """
    expired: list[Connection] = []
    next_at = math.inf
    for connection in idle:
        expires_at = min(
            connection.last_used_at + policy.idle_timeout_s,
            connection.opened_at + policy.maximum_lifetime_s,
        )
        if expires_at <= now:
            expired.append(connection)
        else:
            next_at = min(next_at, expires_at)
    return ReapPlan(expired=tuple(expired), next_at=next_at)
