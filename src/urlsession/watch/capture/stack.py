"""What the stack says when something is made: whose line, and which objects led there.

Decides which line is the user's (the innermost one that is in no library) and which
of a library's objects between that line and the event is the owner: the outermost
one, since that is the one the user has. Keeps no frame and no local alive.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from ...connections import CallSite, object_identity
from ..heap.frames import read_frame_locals
from .awaiting import awaiting_stacks, code_of, frame_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from ..code import CodeMap
    from .owners import OwnerBook, OwnerRecord

__all__ = ("StackReader", "current_task_name", "current_thread_name")

# What a code object is: the user's; a library's that is passed over; a library's
# method, of which kind of object is not known yet; an owner's method; another's.
_USER, _PASSED, _METHOD, _OWNERS, _OTHERS = range(5)
_MAX_SITES = 8192  # lines kept to be shared by the records that name them
_MAX_CODES = 65_536
_CLOSERS = ("close", "aclose", "shutdown", "disconnect")
_COROUTINE = (
    0x80 | 0x100 | 0x200
)  # CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR
_GENERATOR = 0x20  # CO_GENERATOR: an `__await__`, say
_getframe = sys._getframe


class StackReader:
    """Reads stacks, and remembers what it learnt of each code object.

    Args:
        code: Tells the user's code from the libraries'.
        owners: Which objects are owners.
    """

    def __init__(self, code: CodeMap, owners: OwnerBook) -> None:
        self._code = code
        self._owners = owners
        # By identity: a code object's own hash goes through its constants. Each code
        # is kept, so that no other can come to have its identity.
        self._kinds: dict[int, int] = {}
        self._codes: dict[int, CodeType] = {}
        self._sites: dict[tuple[int, int], CallSite] = {}
        self._lines: dict[tuple[int, int], CallSite] = {}
        self._passed: set[str] = set()
        self._libraries: dict[object, bool] = {}
        # Asked of a stack without a line of the user's: who handed that work over.
        self.beyond: Callable[[FrameType | None], CallSite | None] = _nobody

    def site(self, frame: FrameType | None) -> CallSite | None:
        """Return the innermost line of the user's, from a frame outwards."""
        return self.find(frame)[0]

    def find(self, frame: FrameType | None) -> tuple[CallSite | None, int]:
        """Return the innermost line of the user's, and how many frames out it is."""
        libraries, kinds = self._libraries, self._kinds
        steps = 0
        while frame is not None:
            # By the namespace first: under an audit hook, asking a frame for its code
            # costs more than all the rest of this.
            name = frame.f_globals.get("__name__")
            is_library = libraries.get(name)
            if is_library is None:
                is_library = self._look_at_namespace(name, frame)
            if not is_library:
                code = frame.f_code
                kind = kinds.get(object_identity(code))
                if kind is None:
                    kind = self._look_at(frame)
                if kind == _USER:
                    key = object_identity(code), frame.f_lasti
                    return self._sites.get(key) or self._site(frame), steps
            frame = frame.f_back
            steps += 1
        return None, steps

    def site_at(self, depth: int) -> CallSite | None:
        """Return the user's line if it is where it was before; None if it is not.

        A frame that is looked at becomes an object, and that is most of what looking
        costs: here it is the one. An instruction that was found to be the innermost
        of the user's once calls a library, so it is the innermost again.

        Args:
            depth: Frames between the caller of this and the user's.
        """
        try:
            frame = _getframe(depth + 1)
        except ValueError:  # there are not so many
            return None
        return self._sites.get((object_identity(frame.f_code), frame.f_lasti))

    def wanted_by(self, frame: FrameType | None) -> CallSite | None:
        """Return the user's line as `site` does; else the one that handed it over."""
        return self.site(frame) or self.beyond(frame)

    def read(
        self, frame: FrameType | None
    ) -> tuple[CallSite | None, OwnerRecord | None]:
        """Return the user's line and the owner that led to a frame.

        What lies beyond the task that runs is not asked: a line that runs an event
        loop led to everything the loop does.

        Args:
            frame: Where to begin; libraries' frames from here to the user's line are
                asked for the objects whose methods they run.
        """
        kinds = self._kinds
        site: CallSite | None = None
        owner: OwnerRecord | None = None
        while frame is not None:
            code = frame.f_code
            kind = kinds.get(object_identity(code))
            if kind is None:
                kind = self._look_at(frame)
            if kind == _USER:
                site = site or self._site(frame)
                one = _self_of(frame) if _is_method(code) else None
                if owner is None:
                    # The user's own client, for which the user wrote an adapter.
                    owner = self._known_owner(one)
                if not self._is_within(one, owner):
                    return site, owner
            if kind in {_METHOD, _OWNERS}:
                found = self._owner_in(frame, is_known=kind == _OWNERS)
                if found is not None:
                    owner = found
            outer = frame.f_back
            if code.co_flags & _COROUTINE and _is_no_awaiter(outer):
                break
            frame = outer
        return site, owner

    def awaiter(self) -> CallSite | None:
        """Return the innermost line of the user's in what awaits the running task."""
        for stack in awaiting_stacks():
            for one in reversed(stack):
                kind = self._kinds.get(object_identity(code_of(one)))
                if kind is not None and kind != _USER:
                    continue  # known without its frame
                frame = frame_of(one)
                if frame is not None and self._look_at(frame) == _USER:
                    return self._site(frame)
        return None

    def maker(self, frame: FrameType, made: object) -> FrameType:
        """Return the frame that makes an object, beyond its classes' constructors.

        The constructor of a subclass of the user's is no line that made it.
        """
        outer: FrameType | None = frame
        while outer is not None:
            if outer.f_code.co_name == "__init__":
                if _self_of(outer) is not made:
                    break
                frame = outer.f_back or frame
            elif not self._code.is_own_file(outer.f_code.co_filename):
                break
            outer = outer.f_back
        return frame

    def around(
        self, frame: FrameType | None, inner: object
    ) -> list[tuple[object, bool]]:
        """Return the library objects around a making, outermost first.

        Only what a user could close: clients of SDKs, pools. `inner` is what is being
        made. Each comes with whether it is itself under construction. The caller must
        let go of the list at once.
        """
        found: list[tuple[object, bool]] = []
        while frame is not None:
            kind = self._kinds.get(object_identity(frame.f_code))
            if kind is None:
                kind = self._look_at(frame)
            if kind == _USER:
                break
            if kind >= _METHOD:
                one = _self_of(frame)
                if one is not inner and _can_be_closed(one):
                    found.append((one, frame.f_code.co_name == "__init__"))
            frame = frame.f_back
        found.reverse()
        return found

    def is_handmade(
        self, frame: FrameType | None, made: object, internals: tuple[str, ...]
    ) -> bool:
        """Whether the user's code called the constructor that runs, not a library's.

        Args:
            frame: Where to begin.
            made: What is being made.
            internals: Modules of its own library: a factory of theirs is the user's
                way to make one.
        """
        while frame is not None:
            code = frame.f_code
            kind = self._kinds.get(object_identity(code))
            if kind is None:
                kind = self._look_at(frame)
            if kind == _USER:
                return True
            name = str(frame.f_globals.get("__name__"))
            is_own = self._code.is_own_file(code.co_filename) or name in self._passed
            is_librarys = any(
                name == one or name.startswith(f"{one}.") for one in internals
            )
            is_chained = code.co_name == "__init__" and _self_of(frame) is made
            if not (is_own or is_librarys or is_chained):
                return False
            frame = frame.f_back
        return False

    def pass_over(self, module: str) -> None:
        """Have a module's lines count as nobody's: an adapter's, wherever it lies."""
        self._passed.add(module)
        self._libraries[module] = True

    def _is_within(self, one: object, owner: OwnerRecord | None) -> bool:
        """Whether a method of the user's runs inside a library: a subclass's.

        An adapter of the user's, say, that a session calls: the session is further out.
        """
        if one is None or (owner is not None and not owner.is_part):
            return False
        return any(
            cls.__module__ != "builtins"
            and not self._code.is_user_module(cls.__module__)
            for cls in type(one).__mro__
        )

    def _owner_in(self, frame: FrameType, *, is_known: bool) -> OwnerRecord | None:
        one = _self_of(frame)
        if one is None:
            return None
        record = self._known_owner(one)
        if record is not None:
            self._kinds[object_identity(frame.f_code)] = _OWNERS
        elif not is_known:
            # Not asked again: a method belongs to one family of classes.
            self._kinds[object_identity(frame.f_code)] = _OTHERS
        return record

    def _known_owner(self, one: object) -> OwnerRecord | None:
        if one is None:
            return None
        adapter = self._owners.adapter_of(type(one))
        if adapter is None:
            return None
        # Made before the watch began, if it is not known: its line is lost.
        return self._owners.find(one) or self._owners.add(
            one, adapter=adapter, made_at=None, made_at_s=None
        )

    def _look_at_namespace(self, name: object, frame: FrameType) -> bool:
        """Whether all code of a module is passed over; code typed in has no file."""
        file = frame.f_globals.get("__file__")
        is_library = isinstance(file, str) and not self._code.is_user_file(file)
        if isinstance(name, str):
            self._libraries[name] = is_library
        return is_library

    def _look_at(self, frame: FrameType) -> int:
        code = frame.f_code
        if frame.f_globals.get("__name__") in self._passed:
            kind = _PASSED
        elif self._code.is_user_frame(frame):
            kind = _USER
        elif self._code.is_own_file(code.co_filename):
            kind = _PASSED
        elif _is_method(code):
            kind = _METHOD
        else:
            kind = _PASSED
        if len(self._kinds) >= _MAX_CODES:
            self._kinds.clear()
            self._sites.clear()
            self._lines.clear()
            self._codes.clear()
        self._codes[object_identity(code)] = code
        self._kinds[object_identity(code)] = kind
        return kind

    def _site(self, frame: FrameType) -> CallSite:
        # By the instruction: to find its line takes a walk through a table.
        code = frame.f_code
        key = (object_identity(code), frame.f_lasti)
        site = self._sites.get(key)
        if site is None:
            if len(self._sites) >= _MAX_SITES:
                self._sites.clear()
            site = self._line(frame)
            self._sites[key] = site
            self._codes[object_identity(code)] = code
        return site

    def _line(self, frame: FrameType) -> CallSite:
        code, line = frame.f_code, frame.f_lineno
        # Instructions of one line share its record.
        known = self._lines.get((object_identity(code), line))
        if known is None:
            known = CallSite(code.co_filename, line, code.co_qualname)
            if len(self._lines) >= _MAX_SITES:
                self._lines.clear()
            self._lines[object_identity(code), line] = known
        return known


def current_task_name() -> str | None:
    """Return the name of the asyncio task that runs in this thread, if one does."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        loop = asyncio._get_running_loop()
        task = None if loop is None else asyncio.current_task(loop)
        return None if task is None else str(task.get_name())
    except (AttributeError, RuntimeError):
        return None


def current_thread_name() -> str:
    """Return this thread's name, without making an object for a foreign thread."""
    thread = threading._active.get(threading.get_ident())  # type: ignore[attr-defined]  # current_thread() would enter a dummy into the program's list
    return "?" if thread is None else str(thread.name)


def _nobody(_: FrameType | None) -> CallSite | None:
    return None


def _is_no_awaiter(frame: FrameType | None) -> bool:
    """Whether a coroutine that this frame runs is a task's outermost."""
    return frame is None or not frame.f_code.co_flags & (_COROUTINE | _GENERATOR)


def _is_method(code: CodeType) -> bool:
    return code.co_argcount > 0 and code.co_varnames[0] == "self"


def _self_of(frame: FrameType) -> object:
    """Return the first argument of a method's frame; None once it was deleted."""
    return read_frame_locals(frame).get("self")


def _can_be_closed(one: object) -> bool:
    if one is None:
        return False
    cls = type(one)
    root = cls.__module__.partition(".")[0]
    if root == "builtins" or root in sys.stdlib_module_names:
        return False
    return any(callable(getattr(cls, name, None)) for name in _CLOSERS)
