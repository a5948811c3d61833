"""Priorities have names."""

from __future__ import annotations

import pytest

from urlsession import TaskPriority, URLSessionTask
from urlsession.loading.hints import urgency


@pytest.mark.parity("3.1:priority")
def test_priority_is_a_number_with_a_name() -> None:
    """The same numbers as the task's own, which Foundation has."""
    names = [(one.name, float(one)) for one in TaskPriority]

    assert names == [("LOW", 0.25), ("DEFAULT", 0.5), ("HIGH", 0.75)]
    assert TaskPriority.LOW == URLSessionTask.LOW_PRIORITY
    assert TaskPriority.DEFAULT == URLSessionTask.DEFAULT_PRIORITY
    assert TaskPriority.HIGH == URLSessionTask.HIGH_PRIORITY
    assert urgency(TaskPriority.HIGH) == urgency(0.75)
