"""A clock that stands still until a test moves it."""

from __future__ import annotations

__all__ = ("FakeClock",)


class FakeClock:
    """A stand-in for `time.monotonic`: call it for the time, move it by hand.

    Args:
        now: Where the clock starts, in monotonic seconds.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time, in monotonic seconds."""
        return self.now

    def advance(self, by_s: float) -> float:
        """Move the clock forward and return the new time.

        Raises:
            ValueError: `by_s` is negative; a monotonic clock never goes back.
        """
        if by_s < 0:
            raise ValueError(f"a monotonic clock cannot go back by {-by_s} s")
        self.now += by_s
        return self.now
