"""Everything gets its turn, at the last time that was agreed."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from urlsession.engine.timetable import Timetable

TIMES = st.integers(0, 20)
STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | TIMES))


def test_empty_timetable_wants_no_turn() -> None:
    """At no time at all."""
    table: Timetable[str] = Timetable()

    assert table.next_at == math.inf
    assert table.take_due(1e9) == []


def test_agreeing_tells_whether_the_sleeper_must_be_woken() -> None:
    """Only if it would sleep too long."""
    table: Timetable[str] = Timetable()

    assert table.agree("a", 10) is True
    assert table.agree("b", 12) is False
    assert table.agree("c", 10) is False
    assert table.agree("b", 9) is True
    assert table.next_at == 9


def test_last_time_that_was_agreed_counts() -> None:
    """Also if it is later; the wake-up for the earlier one finds nothing due."""
    table: Timetable[str] = Timetable()
    table.agree("a", 10)
    table.agree("a", 20)

    assert table.take_due(10) == []
    assert table.next_at == 20
    assert table.take_due(20) == ["a"]


def test_what_was_taken_has_no_turn_any_more() -> None:
    """Each turn is agreed anew."""
    table: Timetable[str] = Timetable()
    table.agree("a", 10)
    table.agree("b", 30)

    assert table.take_due(10) == ["a"]
    assert table.take_due(29) == []
    assert table.next_at == 30


@given(STEPS, TIMES)
def test_due_is_whose_last_word_is_not_later(
    steps: list[tuple[str, int | None]], now: int
) -> None:
    """Agreed (a time) or discarded (None), in any order; nothing is slept through."""
    table: Timetable[str] = Timetable()
    expected: dict[str, int] = {}
    for thing, at in steps:
        if at is None:
            table.discard(thing)
            expected.pop(thing, None)
        else:
            table.agree(thing, at)
            expected[thing] = at
        assert table.next_at <= min(expected.values(), default=math.inf)
        assert expected or table.next_at == math.inf
    due = {thing for thing, at in expected.items() if at <= now}

    assert set(table.take_due(now)) == due
    assert table.next_at <= min(
        (at for thing, at in expected.items() if thing not in due), default=math.inf
    )
