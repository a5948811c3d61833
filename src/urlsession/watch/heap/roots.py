"""Where a heap path may begin: the places that the interpreter keeps alive.

Decides what counts as a root and how directly the user can act on it. A root that
the user recognises (a global, a class attribute, a local of a running frame, an
asyncio task, a thread, a context variable, an exit or signal handler, an exception
that is being handled) makes an owner reachable; one inside a library, the event loop
or C code does so only where something of the user's stands between it and the owner
(`ownership`). Never calls code of the program.
"""

from __future__ import annotations

import contextvars
import enum
import importlib
import sys
import threading
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from .frames import FrameOwner, running_values
from .ownership import is_users_callable
from .peek import is_a, module_of_type, namespace_of, qualname_of_type, read, type_name

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Iterable, Iterator

    from ..code import CodeMap

__all__ = ("Root", "RootKind", "Roots")

_type_dict = type.__dict__["__dict__"].__get__
_type_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9  # a class that Python code made
_SIGNALS = range(1, 65)
# The public `getsignal` looks its answer up in an enum, which hashes the handler.
_raw_handler = importlib.import_module("_signal").getsignal


class RootKind(enum.Enum):
    """Kinds of roots, the easiest to act on first."""

    GLOBAL = "global"
    CLASS = "class"
    LOCAL = "local"
    TASK = "task"
    THREAD = "thread"
    CONTEXT = "context"
    HANDLER = "handler"
    EXCEPTION = "exception"
    CALL = "call"
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

    @property
    def detour(self) -> int:
        """How many hops longer a path from a global may be and still be preferred."""
        return _DETOURS[self]


_NOT_THE_USERS = frozenset({RootKind.LIBRARY, RootKind.LOOP, RootKind.NATIVE})
_RANKS = {kind: rank for rank, kind in enumerate(RootKind)}
_DETOURS = {kind: 0 if rank < 2 else 2 + rank for kind, rank in _RANKS.items()}


@dataclass(frozen=True, slots=True)
class Root:
    """One root.

    Attributes:
        kind: What it is.
        label: Its name.
        is_border: Whether what holds the root itself is of no interest. It is where a
            library's thread, task or frame has something that the user may have too.
    """

    kind: RootKind
    label: str
    is_border: bool = True


class Roots:
    """The roots of this process at one moment.

    Holds ids and strings only, no object of the program and no frame.
    """

    def __init__(self, code: CodeMap) -> None:
        self._code = code
        # The first name of a module counts: multiprocessing enters a second one for
        # the main program.
        self._modules = {
            id(namespace): name
            for name, module in reversed(list(sys.modules.items()))
            if (namespace := _namespace_of_module(module)) is not None
        }
        self._by_type: dict[int, bool] = {}
        self._values: dict[int, Root] = {}
        for value, root in self.values():
            known = self._values.get(id(value))
            if known is None or root.kind.rank < known.kind.rank:
                self._values[id(value)] = root

    def namespaces(self) -> Iterator[tuple[dict[str, object], Root]]:
        """Yield the namespaces of the user's modules, ``__main__`` last.

        What a module of the program has defined is often imported by the main one.
        """
        names = list(sys.modules)
        names.sort(key=lambda name: name == "__main__")
        for name in names:
            namespace = _namespace_of_module(sys.modules.get(name))
            if namespace is not None and self._code.is_user_module(name):
                yield namespace, Root(RootKind.GLOBAL, name)

    def values(self) -> Iterator[tuple[object, Root]]:
        """Yield what is held from outside the heap, and by which root."""
        kinds = {
            FrameOwner.USER: RootKind.LOCAL,
            FrameOwner.CALLED: RootKind.CALL,
            FrameOwner.LIBRARY: RootKind.LIBRARY,
        }
        for one in running_values(self._code):
            if not self._is_loop(one.value):
                kind = kinds[one.owner]
                yield one.value, Root(kind, one.label, is_border=kind.is_users)
        yield from _context_values()
        yield from _signal_handlers()
        yield from _exceptions()

    def tasks(self) -> Iterator[tuple[object, Root]]:
        """Yield the pending asyncio tasks that run the user's code."""
        for task in _asyncio_tasks():
            root = self.of_holder(task)
            if root is not None and root.kind is RootKind.TASK:
                yield task, root

    def threads(self) -> Iterator[tuple[object, Root]]:
        """Yield the running threads of the user's."""
        for thread in list(threading._active.values()):  # type: ignore[attr-defined]  # private, and the only way without a call
            root = self.of_holder(thread)
            if root is not None and root.kind is RootKind.THREAD:
                yield thread, root

    def of_value(self, value: object) -> Root | None:
        """Return the root that refers to `value` from outside the heap."""
        return self._values.get(id(value))

    def of_holder(self, holder: object) -> Root | None:
        """Return the root that `holder` itself is, or None."""
        kind = type(holder)
        if kind is dict:
            name = self._modules.get(id(holder))
            return None if name is None else self._of_namespace(name)
        may_be = self._by_type.get(id(kind))
        if may_be is None:
            may_be = self._by_type[id(kind)] = _may_be_root(kind)
        return self._look_at(holder) if may_be else None

    def _look_at(self, holder: object) -> Root | None:
        if is_a(holder, type):
            return self._of_class(cast("type", holder))
        if is_a(holder, types.ModuleType):
            return self._of_module(holder)
        if is_a(holder, threading.Thread):
            return self._of_thread(cast("threading.Thread", holder))
        if self._is_loop(holder):
            return None if _is_closed(holder) else Root(RootKind.LOOP, "the event loop")
        return self._of_task(cast("Task[object]", holder))

    def _of_namespace(self, name: str) -> Root:
        is_users = self._code.is_user_module(name)
        return Root(RootKind.GLOBAL if is_users else RootKind.LIBRARY, name)

    def _of_module(self, module: object) -> Root | None:
        # One that was loaded past `sys.modules` is an object as others are.
        name = self._modules.get(id(namespace_of(module)))
        return None if name is None else Root(RootKind.LIBRARY, name)

    def _of_class(self, holder: type) -> Root | None:
        module, qualname = module_of_type(holder), qualname_of_type(holder)
        found: object = sys.modules.get(module)
        for part in qualname.split("."):
            if is_a(found, type):
                found = _type_dict(found).get(part)
            else:
                found = (namespace_of(found) or {}).get(part)
        if found is not holder and _type_flags(holder) & _HEAP_TYPE:
            return None  # one that no module leads to, as in a function
        is_users = self._code.is_user_module(module)
        kind = RootKind.CLASS if is_users else RootKind.LIBRARY
        return Root(kind, f"{module}.{qualname}")

    def _of_thread(self, thread: threading.Thread) -> Root | None:
        if thread is threading.main_thread() or not threading.Thread.is_alive(thread):
            return None
        # A plain thread is its target's; the class of another is its own author's.
        target = read(thread, "_target") or read(thread, "function")
        is_users = is_users_callable(target, self._code) or self._code.is_user_module(
            module_of_type(type(thread))
        )
        kind = RootKind.THREAD if is_users else RootKind.LIBRARY
        label = f"thread {read(thread, '_name')!r}"
        return Root(kind, label, is_border=is_users)

    def _of_task(self, task: Task[object]) -> Root | None:
        asyncio = sys.modules["asyncio"]
        if asyncio.Task.done(task) or _is_closed(asyncio.Task.get_loop(task)):
            return None
        is_users = any(
            self._code.is_user_code(code, namespace)
            for code, namespace in _suspended_in(asyncio.Task.get_coro(task))
        )
        kind = RootKind.TASK if is_users else RootKind.LIBRARY
        label = f"asyncio task {asyncio.Task.get_name(task)!r}"
        return Root(kind, label, is_border=is_users)

    def _is_loop(self, thing: object) -> bool:
        asyncio = sys.modules.get("asyncio")
        return asyncio is not None and is_a(thing, asyncio.AbstractEventLoop)


def _may_be_root(kind: type) -> bool:
    if issubclass(kind, (type, types.ModuleType, threading.Thread)):
        return True
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    return issubclass(kind, (asyncio.Task, asyncio.AbstractEventLoop))


def _namespace_of_module(module: object) -> dict[str, object] | None:
    return namespace_of(module) if is_a(module, types.ModuleType) else None


def _is_closed(loop: object) -> bool:
    """Whether an event loop is closed; uvloop's is asked, in C."""
    found = namespace_of(loop)
    if found is not None and "_closed" in found:
        return found["_closed"] is True
    if module_of_type(type(loop)).partition(".")[0] == "uvloop":
        return bool(loop.is_closed())  # type: ignore[attr-defined]  # a loop
    return False


def _asyncio_tasks() -> Iterable[object]:
    # Private, since `asyncio.all_tasks` tells only those of one loop, and a search
    # that misses some here finds them upwards.
    tasks = vars(sys.modules.get("asyncio.tasks", types)).get
    known = tasks("_scheduled_tasks") or tasks("_all_tasks") or ()
    try:
        return [*known, *(tasks("_eager_tasks") or ())]
    except RuntimeError:
        return ()  # another thread changed it meanwhile


def _suspended_in(
    coroutine: object,
) -> Iterator[tuple[types.CodeType, dict[str, object]]]:
    """Yield the code and globals of a coroutine and of all that it awaits."""
    while True:
        if type(coroutine) is types.CoroutineType:
            frame, inner = coroutine.cr_frame, coroutine.cr_await
        elif type(coroutine) is types.GeneratorType:
            frame, inner = coroutine.gi_frame, coroutine.gi_yieldfrom
        else:
            return
        if frame is None:
            return
        yield frame.f_code, frame.f_globals
        coroutine = inner


def _context_values() -> Iterator[tuple[object, Root]]:
    """Yield the values of this thread's context variables."""
    for variable, value in contextvars.copy_context().items():
        yield value, Root(RootKind.CONTEXT, f"context variable {variable.name!r}")


def _signal_handlers() -> Iterator[tuple[object, Root]]:
    for number in _SIGNALS:
        try:
            handler = _raw_handler(number)
        except ValueError:
            continue  # no such signal here
        if handler is not None and type(handler) is not int:
            yield handler, Root(RootKind.HANDLER, f"the handler of signal {number}")


def _exceptions() -> Iterator[tuple[object, Root]]:
    last = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    if last is not None:
        name = f"the uncaught {type_name(last)}"
        yield last, Root(RootKind.EXCEPTION, name)
    for found in sys._current_exceptions().values():
        error = found[1] if type(found) is tuple else found  # a tuple in 3.11
        if error is not None:
            name = f"the {type_name(error)} being handled"
            yield error, Root(RootKind.EXCEPTION, name)
