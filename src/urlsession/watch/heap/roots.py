"""Where a heap path may begin: the places that the interpreter keeps alive.

Decides what counts as a root and how directly the user can act on it. A root that
the user recognises (a global, a class attribute, a local of a running frame, a
thread, an asyncio task, the exception that ended the program) makes an owner
reachable; one inside a library, the event loop or C code does not.
"""

from __future__ import annotations

import enum
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from types import FrameType

    from ..code import CodeMap

__all__ = ("Root", "RootKind", "Roots", "read_frame_locals")

_CO_OPTIMIZED = 0x1  # a function's frame: its locals are not a namespace dict


class RootKind(enum.Enum):
    """Kinds of roots, the easiest to act on first."""

    GLOBAL = "global"
    CLASS = "class"
    LOCAL = "local"
    TASK = "task"
    THREAD = "thread"
    EXCEPTION = "exception"
    LIBRARY = "library"
    LOOP = "loop"
    NATIVE = "native"

    @property
    def is_users(self) -> bool:
        """Whether the user can act on it."""
        return self not in _NOT_THE_USERS

    @property
    def rank(self) -> int:
        """How directly the user can act on it; less is better."""
        return _RANKS[self]


_NOT_THE_USERS = frozenset({RootKind.LIBRARY, RootKind.LOOP, RootKind.NATIVE})
_RANKS = {kind: rank for rank, kind in enumerate(RootKind)}


@dataclass(frozen=True, slots=True)
class Root:
    """One root: its kind, and its name where the object itself has none."""

    kind: RootKind
    label: str


class Roots:
    """The roots of this process at one moment.

    Holds ids and strings only, no object of the program and no frame.
    """

    def __init__(self, code: CodeMap) -> None:
        self._code = code
        self._modules = {
            id(vars(module)): name
            for name, module in list(sys.modules.items())
            if type(module) is type(sys)
        }
        self._locals: dict[int, Root] = {}
        self._add_frames()
        self._add_exception()

    def module_of(self, holder: object) -> str | None:
        """Return the module's name if `holder` is the namespace of a module."""
        return self._modules.get(id(holder))

    def of_value(self, value: object) -> Root | None:
        """Return the root that refers to `value` from outside the heap."""
        return self._locals.get(id(value))

    def of_holder(self, holder: object) -> Root | None:
        """Return the root that `holder` itself is, or None."""
        name = self._modules.get(id(holder))
        if name is not None:
            is_users = self._code.is_user_module(name)
            return Root(RootKind.GLOBAL if is_users else RootKind.LIBRARY, name)
        if isinstance(holder, type):
            return self._of_class(holder)
        kind = type(holder)
        if kind is type(sys):
            return Root(RootKind.LIBRARY, str(getattr(holder, "__name__", "?")))
        if issubclass(kind, threading.Thread):
            return self._of_thread(holder)
        return self._of_asyncio(holder)

    def _of_class(self, holder: type) -> Root | None:
        found: object = sys.modules.get(holder.__module__)
        for part in holder.__qualname__.split("."):
            found = getattr(found, "__dict__", {}).get(part)
        if found is not holder and holder.__flags__ & (1 << 9):
            return None  # a heap type that no module leads to, as in a function
        is_users = self._code.is_user_module(holder.__module__)
        label = f"{holder.__module__}.{holder.__qualname__}"
        return Root(RootKind.CLASS if is_users else RootKind.LIBRARY, label)

    def _add_frames(self) -> None:
        names = {one.ident: one.name for one in threading.enumerate()}
        tops = sys._current_frames()
        try:
            for ident in list(tops):
                frame: FrameType | None = tops.pop(ident)
                while frame is not None:
                    if not self._code.is_own_file(frame.f_code.co_filename):
                        self._add_frame(frame, names.get(ident, f"thread {ident}"))
                    frame = frame.f_back
        finally:
            # This frame is among them: a name left over would be a cycle that keeps
            # every local of every caller until the collector runs.
            tops.clear()
            frame = None

    def _add_frame(self, frame: FrameType, thread: str) -> None:
        code = frame.f_code
        if not code.co_flags & _CO_OPTIMIZED:
            return  # a module's or a class body's: found as a namespace
        is_users = self._code.is_user_code(code)
        where = f"{code.co_qualname}() at {code.co_filename}:{frame.f_lineno}"
        if thread != "MainThread":
            where += f" in thread {thread!r}"
        kind = RootKind.LOCAL if is_users else RootKind.LIBRARY
        for name, value in read_frame_locals(frame).items():
            known = self._locals.get(id(value))
            if known is None or kind.rank < known.kind.rank:
                self._locals[id(value)] = Root(kind, f"local {name!r} of {where}")

    def _add_exception(self) -> None:
        last = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if last is not None:
            label = f"the uncaught {type(last).__name__}"
            self._locals[id(last)] = Root(RootKind.EXCEPTION, label)

    def _of_thread(self, holder: object) -> Root | None:
        if not isinstance(holder, threading.Thread) or not holder.is_alive():
            return None
        if holder is threading.main_thread():
            return None
        # A plain thread is its target's; the class of another is its own author's.
        author = getattr(holder, "_target", None) or type(holder)
        is_users = self._code.is_user_module(str(getattr(author, "__module__", "")))
        kind = RootKind.THREAD if is_users else RootKind.LIBRARY
        return Root(kind, f"thread {holder.name!r}")

    def _of_asyncio(self, holder: object) -> Root | None:
        asyncio = sys.modules.get("asyncio")
        if asyncio is None:
            return None
        if issubclass(type(holder), asyncio.Task):
            return self._of_task(cast("Task[object]", holder))
        if issubclass(type(holder), asyncio.AbstractEventLoop):
            loop = cast("AbstractEventLoop", holder)
            if not loop.is_closed():
                return Root(RootKind.LOOP, "the event loop")
        return None

    def _of_task(self, task: Task[object]) -> Root | None:
        if task.done() or task.get_loop().is_closed():
            return None
        code = getattr(task.get_coro(), "cr_code", None)
        is_users = code is not None and self._code.is_user_code(code)
        kind = RootKind.TASK if is_users else RootKind.LIBRARY
        return Root(kind, f"asyncio task {task.get_name()!r}")


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
