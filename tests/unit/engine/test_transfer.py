"""When a transfer's time-outs are looked at for the first time."""

from __future__ import annotations

import math

import pytest

from urlsession.engine.stall import SAMPLES
from urlsession.engine.transfer import TimeLimits, Transfer

INF = math.inf


@pytest.mark.parametrize(
    ("idle_s", "resource_s", "first_look_s"),
    [
        (60.0, INF, 60.0 / SAMPLES),
        (60.0, 1.0, 1.0),
        (INF, 5.0, 5.0),
        (INF, INF, INF),
        (0.16, 7 * 86400.0, 0.16 / SAMPLES),
    ],
)
def test_first_look_is_in_time_for_either_limit(
    idle_s: float, resource_s: float, first_look_s: float
) -> None:
    """No limit, no look."""
    assert TimeLimits(idle_s, resource_s).first_look_s == first_look_s


def test_transfer_keeps_its_state_to_itself() -> None:
    """Defaults live on the class: none of them may be one that changes in place."""
    shared = {
        name: value
        for name, value in vars(Transfer).items()
        if not name.startswith("_") and not callable(value)
    }

    assert shared
    assert all(type(value).__hash__ is not None for value in shared.values())
