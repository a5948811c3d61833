"""How far a task has come, as a value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("Progress",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Bytes done and to do, both ways together.

    Attributes:
        completed: Body bytes sent and received.
        total: What both will be in the end; -1 if that is not known.
    """

    completed: int
    total: int

    @property
    def fraction(self) -> float | None:
        """From 0.0 to 1.0; None if the total is not known."""
        if self.total < 0:
            return None
        return 1.0 if self.total == 0 else min(1.0, self.completed / self.total)
