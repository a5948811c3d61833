"""The table of task states, against what Foundation says of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from urlsession.tasks.state import TRANSITIONS, TaskEvent, TaskState, next_state

events = st.lists(st.sampled_from(TaskEvent))

RUNNING, SUSPENDED = TaskState.RUNNING, TaskState.SUSPENDED
CANCELING, COMPLETED = TaskState.CANCELING, TaskState.COMPLETED
RESUME, SUSPEND = TaskEvent.RESUME, TaskEvent.SUSPEND
CANCEL, COMPLETE = TaskEvent.CANCEL, TaskEvent.COMPLETE


def walk(path: list[TaskEvent]) -> list[TaskState]:
    """Return the states of a new task that these things happen to."""
    states = [SUSPENDED]
    for event in path:
        states.append(next_state(states[-1], event))
    return states


@pytest.mark.parametrize(
    ("state", "event", "following"),
    [
        (RUNNING, RESUME, RUNNING),
        (RUNNING, SUSPEND, SUSPENDED),
        (RUNNING, CANCEL, CANCELING),
        (RUNNING, COMPLETE, COMPLETED),
        (SUSPENDED, RESUME, RUNNING),
        (SUSPENDED, SUSPEND, SUSPENDED),
        (SUSPENDED, CANCEL, CANCELING),
        (SUSPENDED, COMPLETE, COMPLETED),
        (CANCELING, RESUME, CANCELING),
        (CANCELING, SUSPEND, CANCELING),
        (CANCELING, CANCEL, CANCELING),
        (CANCELING, COMPLETE, COMPLETED),
        (COMPLETED, RESUME, COMPLETED),
        (COMPLETED, SUSPEND, COMPLETED),
        (COMPLETED, CANCEL, COMPLETED),
        (COMPLETED, COMPLETE, COMPLETED),
    ],
)
@pytest.mark.parity("3.1:state machine")
def test_event_leads_to_the_state_of_the_reference(
    state: TaskState, event: TaskEvent, following: TaskState
) -> None:
    """Each cell of the table, by itself."""
    assert next_state(state, event) is following


def test_table_has_a_cell_for_everything() -> None:
    """Rows by state, columns by event, each of them a state."""
    assert len(TRANSITIONS) == len(TaskState)
    assert {len(row) for row in TRANSITIONS} == {len(TaskEvent)}


@pytest.mark.parity("3.1:state")
def test_numbers_are_foundations() -> None:
    """They are public there."""
    assert [RUNNING, SUSPENDED, CANCELING, COMPLETED] == [0, 1, 2, 3]


@given(events)
@example([CANCEL, RESUME, SUSPEND])
@example([COMPLETE, CANCEL, RESUME])
def test_nothing_leads_back(path: list[TaskEvent]) -> None:
    """From CANCELING only to COMPLETED, and from there nowhere."""
    states = walk(path)
    ends = [state for state in states if state in (CANCELING, COMPLETED)]

    assert states[len(states) - len(ends) :] == ends
    assert ends == sorted(ends)


@given(events)
def test_completion_is_final_and_nothing_else_is(path: list[TaskEvent]) -> None:
    """A task is over exactly if it was completed at some point."""
    assert (walk(path)[-1] is COMPLETED) == (COMPLETE in path)


@given(events)
def test_cancelled_task_never_runs(path: list[TaskEvent]) -> None:
    """Whatever happens after."""
    assert RUNNING not in walk([*path, CANCEL, *path])[len(path) + 1 :]


@given(st.lists(st.sampled_from([RESUME, SUSPEND]), min_size=1))
def test_last_word_decides_while_a_task_is_alive(path: list[TaskEvent]) -> None:
    """Counting the suspensions is the task's affair, not the table's."""
    assert walk(path)[-1] is (RUNNING if path[-1] is RESUME else SUSPENDED)
