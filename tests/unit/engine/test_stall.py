"""The two timers of a task, second by second."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.engine.stall import SAMPLES, ProgressWatch

START = 1000.0


def watching(idle_s: float = 10.0, resource_s: float = math.inf) -> ProgressWatch:
    """Return the watch of a task that starts now."""
    return ProgressWatch(idle_s, START + resource_s, START)


def look(
    watch: ProgressWatch,
    after_s: float,
    moved: int = 0,
    *,
    is_timed: bool = True,
    is_suspended: bool = False,
) -> bool:
    """Look at a task; return whether it has expired."""
    now = START + after_s
    watch.observe(moved, is_timed=is_timed, is_suspended=is_suspended, now=now)
    return watch.is_expired(now)


def test_no_progress_expires_when_the_time_has_passed() -> None:
    """Not a moment earlier."""
    watch = watching(10)

    assert not look(watch, 0)
    assert not look(watch, 9.999)
    assert look(watch, 10)


def test_progress_starts_the_idle_timer_anew() -> None:
    """A single byte is enough."""
    watch = watching(10)

    assert not look(watch, 8, moved=1)
    assert not look(watch, 17.9, moved=1)
    assert look(watch, 18, moved=1)


def test_wall_clock_does_not_care_for_progress() -> None:
    """It is for the whole task."""
    watch = watching(10, resource_s=15)

    assert not look(watch, 14.9, moved=1)
    assert look(watch, 15, moved=2)


def test_idle_timer_stands_still_while_it_is_off() -> None:
    """And starts from the first look that finds it on."""
    watch = watching(10)

    assert not look(watch, 50, is_timed=False)
    assert not look(watch, 55)
    assert not look(watch, 64.9)
    assert look(watch, 65)


def test_wall_clock_runs_while_the_idle_timer_is_off() -> None:
    """Waiting for a slot counts."""
    watch = watching(10, resource_s=15)

    assert look(watch, 15, is_timed=False)


def test_wall_clock_stands_still_while_a_task_is_suspended() -> None:
    """As long as that was seen."""
    watch = watching(10, resource_s=15)
    look(watch, 5, 1)
    look(watch, 30, 1, is_timed=False, is_suspended=True)

    assert not look(watch, 39, 2)
    assert look(watch, 40, 3)


def test_infinity_never_expires() -> None:
    """Nor does it ask to be looked at."""
    watch = watching(math.inf)

    assert not look(watch, 1e9)
    assert watch.next_look(START) == math.inf


@pytest.mark.parametrize("idle_s", [0.05, 1.0, 60.0])
def test_next_look_comes_several_times_within_a_time_out(idle_s: float) -> None:
    """So that progress is seen soon."""
    assert watching(idle_s).next_look(START) == START + idle_s / SAMPLES


def test_next_look_is_no_later_than_either_end() -> None:
    """The idle timer's and the wall clock's."""
    watch = watching(10, resource_s=9.9)
    look(watch, 0)

    assert watch.next_look(START + 9.8) == START + 9.9
    assert watching(10).next_look(START + 9.9) == START + 10


@given(
    st.floats(0.01, 100),
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60),
)
def test_time_out_is_never_early_and_at_most_a_sample_late(
    idle_s: float, story: list[tuple[bool, bool]]
) -> None:
    """Whatever moves, and whenever the timer is off, between the looks."""
    watch = watching(idle_s)
    now, moved, quiet_since = START, 0, START
    watch.observe(moved, is_timed=True, is_suspended=False, now=now)
    for moves, is_timed in [*story, *[(False, True)] * (SAMPLES + 3)]:
        before, now = now, watch.next_look(now)
        assert before <= now <= before + idle_s / SAMPLES * 1.001
        if moves or not is_timed:
            moved += moves
            quiet_since = now
        watch.observe(moved, is_timed=is_timed, is_suspended=False, now=now)
        if watch.is_expired(now):
            break

    assert watch.is_expired(now)
    waited_s = now - quiet_since
    assert idle_s * 0.999 <= waited_s <= idle_s * (1 + 2 / SAMPLES) * 1.001
