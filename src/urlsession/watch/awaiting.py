"""Who awaits a task: the user's line where a task of a library's coroutine is awaited.

Decides where to look when no frame of the task that runs is the user's, as in
``asyncio.gather(client.get(url))`` or, before 3.12, ``asyncio.wait_for``: the done
callbacks lead to the task that waits, and its suspended coroutines to the line. Read
only; asked for once per connection. What does not work: the line that made the task,
which nothing but asyncio's debug mode remembers.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ("awaiting_frames",)

_MAX_STEPS = 16  # futures between a task and the one that awaits it
_MAX_DEPTH = 64  # coroutines that await each other in one task


def awaiting_frames() -> Iterator[FrameType]:
    """Yield frames of the tasks that wait for the one that runs, nearest first."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return
    waiting: list[Any] = [asyncio.current_task()]
    seen: set[int] = set()
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        future = waiting.pop(0)
        if future is None or id(future) in seen:
            continue
        seen.add(id(future))
        if len(seen) > 1 and isinstance(future, asyncio.Task):
            yield from _suspended(future.get_coro())
        for callback, _ in getattr(future, "_callbacks", None) or ():
            waiting += [
                one
                for one in _held_by(callback)
                if isinstance(one, asyncio.Future) and id(one) not in seen
            ]


def _held_by(callback: Any) -> Iterator[object]:
    """Yield what a done callback holds that may be a future somebody waits for."""
    if type(callback) is functools.partial:
        yield from callback.args  # `wait_for`
        return
    bound = getattr(callback, "__self__", None)
    if bound is not None:
        yield bound  # a task that awaits
        yield getattr(bound, "_parent_task", None)  # `asyncio.TaskGroup`
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        yield held  # `gather`
        scope = getattr(held, "cancel_scope", None)
        yield getattr(scope, "_host_task", None)  # anyio's task group


def _suspended(coroutine: object) -> list[FrameType]:
    """Return the frames of a suspended task, innermost first."""
    frames: list[FrameType] = []
    awaited: Any = coroutine
    for _ in range(_MAX_DEPTH):
        if isinstance(awaited, types.CoroutineType):
            frame, awaited = awaited.cr_frame, awaited.cr_await
        elif isinstance(awaited, types.GeneratorType):
            frame, awaited = awaited.gi_frame, awaited.gi_yieldfrom
        else:
            break
        if frame is not None:
            frames.append(frame)
    frames.reverse()
    return frames
