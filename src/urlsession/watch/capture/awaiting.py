"""Who awaits a task: the user's line where a task of a library's coroutine is awaited.

Decides where to look when no frame of the task that runs is the user's, as in
``asyncio.gather(client.get(url))`` or, before 3.12, ``asyncio.wait_for``: the done
callbacks lead to the task that waits, and its suspended coroutines to the line. Read
only, and asked for once per connection at most. What does not work: the line that made the task,
which nothing but asyncio's debug mode remembers.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("Suspended", "awaiting_stacks", "code_of", "frame_of")

Suspended: TypeAlias = (
    "types.CoroutineType[Any, Any, Any] | types.GeneratorType[Any, Any, Any]"
)

_MAX_STEPS = 16  # futures between a task and the one that awaits it
_MAX_DEPTH = 64  # coroutines that await each other in one task


def awaiting_stacks() -> Iterator[list[Suspended]]:
    """Yield what each task awaits that waits for the one that runs, nearest task first.

    A task's coroutines are told outermost first: what has frames, without making any.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return
    task_type, future_type = asyncio.Task, asyncio.Future
    waiting: list[Any] = [asyncio.current_task()]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_STEPS:
        future = waiting.pop(0)
        if future is None or id(future) in seen:
            continue
        if seen and isinstance(future, task_type):
            yield _suspended(future.get_coro())
        seen.add(id(future))
        for callback, _ in getattr(future, "_callbacks", None) or ():
            waiting += [
                one for one in _held_by(callback) if isinstance(one, future_type)
            ]


def code_of(one: Suspended) -> types.CodeType:
    """Return the code that a suspended coroutine or generator runs."""
    if isinstance(one, types.CoroutineType):
        return one.cr_code
    return one.gi_code


def frame_of(one: Suspended) -> types.FrameType | None:
    """Return the frame of a suspended coroutine or generator; None at its end."""
    if isinstance(one, types.CoroutineType):
        return one.cr_frame
    return one.gi_frame


def _held_by(callback: Any) -> list[object]:
    """Return what a done callback holds that may be a future somebody waits for."""
    if type(callback) is functools.partial:
        return list(callback.args)  # `wait_for`
    if type(callback) is not types.FunctionType:
        bound = getattr(callback, "__self__", None)  # a task that awaits
        return [bound, getattr(bound, "_parent_task", None)]  # `asyncio.TaskGroup`
    held: list[object] = []
    is_anyio = callback.__module__.startswith("anyio.")
    for name, cell in zip(
        callback.__code__.co_freevars, callback.__closure__ or (), strict=True
    ):
        try:
            one = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
        if is_anyio and name == "self":  # a task group of anyio's
            one = getattr(getattr(one, "cancel_scope", None), "_host_task", None)
        held.append(one)  # `gather`, `wait`
    return held


def _suspended(awaited: Any) -> list[Suspended]:
    found: list[Suspended] = []
    while len(found) < _MAX_DEPTH:
        if type(awaited) is types.CoroutineType:
            found.append(awaited)
            awaited = awaited.cr_await
        elif type(awaited) is types.GeneratorType:
            found.append(awaited)
            awaited = awaited.gi_yieldfrom
        else:
            break
    return found
