"""When a running transfer has taken too long: Foundation's two time-outs.

The request time-out is an *idle* timer, reset whenever data moves; the resource
time-out is a wall clock for the whole task. libcurl's own idle limit
(`LOW_SPEED_TIME`) counts whole seconds only, so progress is sampled here
instead: `SAMPLES` times per time-out, which makes a time-out late by at most
1/`SAMPLES` of itself and never early.

Pure: facts and `now` come in, verdicts and the next look go out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ("SAMPLES", "ProgressWatch")

SAMPLES = 16  # looks per time-out; at 60 s that is one look every 3.75 s


@dataclass(slots=True)
class ProgressWatch:
    """The two timers of one task, while it runs.

    Attributes:
        idle_timeout_s: Seconds without progress; infinity for no limit.
        resource_deadline: Monotonic time at which the whole task must have ended.
        progressed_at: When progress was last seen, or the timer was last off.
        moved_bytes: Bytes moved as of then.
        looked_at: When it was last looked at.
        was_timed: Whether the idle timer was on then.
    """

    idle_timeout_s: float
    resource_deadline: float
    progressed_at: float
    moved_bytes: int = -1
    looked_at: float = math.inf
    was_timed: bool = True

    def observe(
        self, moved_bytes: int, *, is_timed: bool, is_suspended: bool, now: float
    ) -> None:
        """Note how far the transfer has come.

        Args:
            moved_bytes: Bytes moved either way so far, headers included.
            is_timed: False while the idle timer is off: suspended, waiting for a
                slot of the pool, or for a decision or a consumer on our side.
            is_suspended: True while the task is suspended: no timer runs.
            now: Monotonic seconds.
        """
        if is_suspended and self.looked_at < now:
            self.resource_deadline += now - self.looked_at
        self.looked_at = now
        # The timer starts at the first look that finds it on, not at the last that
        # found it off: late rather than early.
        if moved_bytes != self.moved_bytes or not (is_timed and self.was_timed):
            self.moved_bytes = moved_bytes
            self.progressed_at = now
        self.was_timed = is_timed

    def is_expired(self, now: float) -> bool:
        """Whether one of the two time-outs has passed."""
        return (
            now >= self.resource_deadline
            or now >= self.progressed_at + self.idle_timeout_s
        )

    def next_look(self, now: float) -> float:
        """When to look again, in monotonic seconds; infinity if nothing can expire."""
        idle_at = math.inf
        if self.idle_timeout_s < math.inf:
            idle_at = min(
                now + self.idle_timeout_s / SAMPLES,
                self.progressed_at + self.idle_timeout_s,
            )
            idle_at = max(idle_at, now)
        return min(idle_at, self.resource_deadline)
