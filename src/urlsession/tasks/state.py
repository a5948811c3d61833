"""The states of a task, and what leads from one to the next.

The table is the whole rule; nobody else compares or assigns states.

Source: Foundation's ``URLSessionTask.State``.
"""

from __future__ import annotations

import enum

__all__ = ("TRANSITIONS", "TaskEvent", "TaskState", "next_state")


class TaskState(enum.IntEnum):
    """Where a task stands, with Foundation's numbers."""

    RUNNING = 0
    SUSPENDED = 1
    CANCELING = 2
    COMPLETED = 3


class TaskEvent(enum.IntEnum):
    """What happens to a task."""

    RESUME = 0
    SUSPEND = 1
    CANCEL = 2
    COMPLETE = 3


# Rows by state, columns by event: a tuple of ints is the fastest table there is.
TRANSITIONS: tuple[tuple[TaskState, ...], ...] = (
    # RESUME, SUSPEND, CANCEL, COMPLETE
    (  # RUNNING
        TaskState.RUNNING,
        TaskState.SUSPENDED,
        TaskState.CANCELING,
        TaskState.COMPLETED,
    ),
    (  # SUSPENDED
        TaskState.RUNNING,
        TaskState.SUSPENDED,
        TaskState.CANCELING,
        TaskState.COMPLETED,
    ),
    (  # CANCELING
        TaskState.CANCELING,
        TaskState.CANCELING,
        TaskState.CANCELING,
        TaskState.COMPLETED,
    ),
    (TaskState.COMPLETED,) * 4,
)


def next_state(state: TaskState, event: TaskEvent) -> TaskState:
    """Return the state that `event` leads to."""
    return TRANSITIONS[state][event]
