"""How far a task has come."""

from __future__ import annotations

import pytest

from urlsession.tasks.progress import Progress


@pytest.mark.parametrize(
    ("completed", "total", "fraction"),
    [
        (0, 10, 0.0),
        (5, 10, 0.5),
        (10, 10, 1.0),
        (0, 0, 1.0),
        (5, -1, None),
        (0, -1, None),
        (12, 10, 1.0),
    ],
)
@pytest.mark.parity("3.1:progress")
def test_fraction_is_within_bounds(
    completed: int, total: int, fraction: float | None
) -> None:
    """Nothing to do is done; a server that sends too much is not past the end."""
    assert Progress(completed=completed, total=total).fraction == fraction
