"""What running code holds: the locals of every thread's frames.

Decides whose a frame is: the user's, a library's that the user's code called and is
waiting for, or a library's own (a worker thread, the event loop between callbacks).
The collector shows nothing of a running frame, so these are read from the stacks.
"""

from __future__ import annotations

import enum
import os
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    from ..code import CodeMap

__all__ = (
    "FrameOwner",
    "FrameValue",
    "describe_code",
    "read_frame_locals",
    "running_values",
)

_CO_OPTIMIZED = 0x1  # a function's frame: its locals are not a namespace dict


class FrameOwner(enum.Enum):
    """Whose a running frame is."""

    USER = "user"
    CALLED = "called by the user"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class FrameValue:
    """A local of a running frame.

    Attributes:
        value: The object.
        owner: Whose the frame is.
        label: The local by its name, function and line, and its thread.
    """

    value: object
    owner: FrameOwner
    label: str


def running_values(code: CodeMap) -> Iterator[FrameValue]:
    """Yield the locals of all frames that run now, but for the observer's own."""
    names = _thread_names()
    tops = sys._current_frames()
    frames: list[FrameType] = []
    try:
        for ident in list(tops):
            top: FrameType | None = tops.pop(ident)
            while top is not None:
                frames.append(top)
                top = top.f_back
            where = f" in thread {names.get(ident, str(ident))!r}"
            if ident == threading.main_thread().ident:
                where = ""
            yield from _values_of_stack(frames, where, code)
            frames.clear()
    finally:
        # This generator's own frame is among them: a name left over would be a
        # cycle that keeps every local of every caller until the collector runs.
        frames.clear()
        tops.clear()


def read_frame_locals(frame: FrameType) -> dict[str, object]:
    """Return a copy of a function frame's locals, leaving no trace in the frame.

    Below 3.13 reading `f_locals` stores a snapshot in the frame, which would keep
    every local alive until the frame ends; it is emptied again unless somebody else
    (a caller of `locals()`) has it too.
    """
    snapshot = frame.f_locals
    copy = dict(snapshot)
    if type(snapshot) is dict and sys.getrefcount(snapshot) <= 3:
        snapshot.clear()
    return copy


def describe_code(code: CodeType, line: int | None) -> str:
    """Return the function and line that run, as paths show them."""
    # The function's name says most; the whole file name would hide it.
    return f"{code.co_qualname}() at {os.path.basename(code.co_filename)}:{line}"


def _values_of_stack(
    frames: list[FrameType], where: str, code: CodeMap
) -> Iterator[FrameValue]:
    """Yield the locals of one thread's frames, innermost first in `frames`."""
    caller = ""  # the user's line that is waiting for the frame
    while frames:
        frame = frames.pop()  # outermost first
        owner = FrameOwner.LIBRARY
        label = describe_code(frame.f_code, frame.f_lineno) + where
        if code.is_own_file(frame.f_code.co_filename):
            continue
        if code.is_user_frame(frame):
            owner, caller = FrameOwner.USER, label
        elif _is_loops(frame):
            caller = ""  # what a loop runs is not called by what runs the loop
        elif caller:
            owner = FrameOwner.CALLED
            label = f"{frame.f_code.co_qualname}(), called in {caller}"
        if frame.f_code.co_flags & _CO_OPTIMIZED:  # others are found as namespaces
            for name, value in read_frame_locals(frame).items():
                yield FrameValue(value, owner, f"local {name!r} of {label}")


def _is_loops(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.partition(".")[0] in {"asyncio", "selectors"}


def _thread_names() -> dict[int, str]:
    # Not `threading.enumerate()` with `.name`: a thread of the program's own class
    # may have made a property of either.
    found: dict[int, str] = {}
    for ident, thread in list(threading._active.items()):  # type: ignore[attr-defined]  # private, and the only way without a call
        found[ident] = str(vars(thread).get("_name", ident))
    return found
