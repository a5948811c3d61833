"""Names for how urgent a task is.

Decides nothing: what a priority does is `loading.hints`'.

Source: Foundation's ``URLSessionTask.lowPriority``, ``defaultPriority`` and
``highPriority``.
"""

from __future__ import annotations

import enum

__all__ = ("TaskPriority",)


class TaskPriority(float, enum.Enum):
    """What `URLSessionTask.priority` may be set to; any number from 0 to 1 may."""

    LOW = 0.25
    DEFAULT = 0.5
    HIGH = 0.75
