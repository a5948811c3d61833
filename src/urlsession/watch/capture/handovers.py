"""Whose line handed a call to another thread, where no frame of that thread is the user's.

Decides what stands for the user's line in ``pool.submit(session.get, url)``,
``asyncio.to_thread(requests.get, url)`` and ``Thread(target=session.get)``: the line
that submitted, or started the thread. What carries the call is remembered by weak
reference and found again on the worker's stack. What does not work: workers of
`multiprocessing.pool.ThreadPool`, whose calls travel in tuples; there it is the line
that made the pool.
"""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING

from ...connections import object_identity
from ..heap.frames import read_frame_locals
from .patches import before

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, FunctionType, ModuleType

    from ...connections import CallSite
    from .imports import ImportWatcher
    from .patches import Patches
    from .stack import StackReader

__all__ = ("Handovers",)


class Handovers:
    """The lines that handed calls over, by what carries them.

    Args:
        stack: Reads lines; it asks here where a stack has none of the user's.
        problem: Told of what failed; nothing reaches the program.
    """

    def __init__(self, stack: StackReader, problem: Callable[[str], None]) -> None:
        self._stack = stack
        self._problem = problem
        # By identity: a code object's own hash goes through its constants.
        self._runners: dict[int, CodeType] = {}
        self._lines: dict[int, tuple[weakref.ref[object], CallSite]] = {}

    def start(self, patches: Patches, imports: ImportWatcher) -> None:
        """Begin to note who hands over; the patches are the caller's to undo."""
        self._patches = patches
        self._stack.beyond = self.line
        self._add_runner(threading.Thread._bootstrap_inner)  # type: ignore[attr-defined]  # private, and the one frame that every thread has
        self._note_calls(threading.Thread, "start")
        imports.when_imported("concurrent.futures.thread", self._hook_pool)

    def line(self, frame: FrameType | None) -> CallSite | None:
        """Return the line that handed over what a thread runs, innermost first."""
        while frame is not None:
            if object_identity(frame.f_code) in self._runners:
                known = self._lines.get(
                    object_identity(read_frame_locals(frame).get("self"))
                )
                if known is not None:
                    return known[1]
            frame = frame.f_back
        return None

    def _hook_pool(self, module: ModuleType) -> None:
        self._add_runner(module._WorkItem.run)
        self._note_calls(module._WorkItem, "__init__")

    def _add_runner(self, function: FunctionType) -> None:
        self._runners[object_identity(function.__code__)] = function.__code__

    def _note_calls(self, cls: type, name: str) -> None:
        self._patches.replace(
            cls, name, lambda original: before(original, self._note, self._failed)
        )

    def _note(self, carrier: object, *_: object, **__: object) -> None:
        # Above this one is the function that stands in for the original.
        frame = sys._getframe(2)
        site, _owner = self._stack.read(frame)
        if site is None:
            # A task of a library's coroutine, or a thread that works for another.
            site = self._stack.awaiter() or self._stack.wanted_by(frame)
        if site is None:
            return
        key, lines = object_identity(carrier), self._lines

        def forget(ref: weakref.ref[object]) -> None:
            # The key may belong to a newer carrier by now.
            if key in lines and lines[key][0] is ref:
                del lines[key]

        lines[key] = weakref.ref(carrier, forget), site

    def _failed(self, error: Exception) -> None:
        self._problem(f"a call handed to a thread could not be looked at: {error!r}")
