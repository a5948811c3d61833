"""What one adapter may do while it observes: the sink that it is handed.

Decides that nothing an adapter's hook does can reach the program: each call into an
adapter goes through a guard, and what it raises becomes a line of the report.
"""

from __future__ import annotations

import sys
import time
import weakref
from typing import TYPE_CHECKING, Any

from .patches import after, before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType, ModuleType

    from ...connections import Address, CallSite, ConnectionEvent
    from ..adapter import Adapter, OwnerState
    from .births import Births
    from .book import SocketBook
    from .imports import ImportWatcher
    from .owners import OwnerBook, OwnerRecord
    from .patches import Patches
    from .stack import StackReader

__all__ = ("Hooks", "Instruments")

_getframe = sys._getframe
_monotonic = time.monotonic


class Instruments:
    """What all hooks of one observer share; made once, never changed.

    Attributes:
        look: Has the kernel's list looked at, because of a module.
        note: Takes down an adapter's own event.
        problem: Puts a line into the report.
    """

    def __init__(
        self,
        *,
        book: SocketBook,
        births: Births,
        owners: OwnerBook,
        stack: StackReader,
        imports: ImportWatcher,
        patches: Patches,
        look: Callable[[str], None],
        note: Callable[[ConnectionEvent, int, Address | None, Address], None],
        problem: Callable[[str], None],
    ) -> None:
        self.book = book
        self.births = births
        self.owners = owners
        self.stack = stack
        self.imports = imports
        self.patches = patches
        self.look = look
        self.note = note
        self.problem = problem


class Hooks:
    """The `Sink` of one adapter."""

    def __init__(self, adapter: Adapter, instruments: Instruments) -> None:
        self._adapter = adapter
        self._of = instruments
        instruments.stack.pass_over(type(adapter).__module__)
        # Asked for once a load.
        self._by_fd = instruments.book.by_fd
        self._site_at = instruments.stack.site_at
        self._depth = 0  # of the user's line below `used`, when that was looked for

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        """Take down an event of a book that the adapter keeps itself."""
        self._of.note(event, inode, local, remote)

    def problem(self, text: str) -> None:
        """Put a line into the report."""
        self._of.problem(text)

    def when_imported(self, name: str, tell: Callable[[ModuleType], None]) -> None:
        """Call `tell` with a module now, or once it is imported."""
        self._of.imports.when_imported(name, tell)

    def looks(self, module: str) -> None:
        """Have the kernel's list looked at from now on."""
        self._of.look(module)

    def owner_type(
        self,
        cls: type,
        *,
        closers: Iterable[str] = ("close",),
        is_part: bool = False,
        words: OwnerState | None = None,
        unless_in: str = "",
    ) -> None:
        """Have a class's objects count as owners, and hook how they begin and end."""
        self._of.owners.add_type(cls, self._adapter, is_part=is_part, words=words)
        try:
            self.call_before(cls, "__init__", self._make_unless(unless_in))
        except TypeError:
            pass  # made in C: its objects are known by the frames of its methods
        for name in closers:
            if hasattr(cls, name):
                self.call_after(cls, name, self._close)

    def call_before(self, holder: object, name: str, tell: Callable[..., None]) -> None:
        """Call `tell` before each call of a function."""
        self._of.patches.replace(
            holder, name, lambda one: before(one, tell, self._failed)
        )

    def call_after(self, holder: object, name: str, tell: Callable[..., None]) -> None:
        """Call `tell` after each call of a function that did not raise."""
        self._of.patches.replace(
            holder, name, lambda one: after(one, tell, self._failed)
        )

    def replace(self, holder: object, name: str, make: Callable[[Any], object]) -> None:
        """Put ``make(original)`` in the place of an attribute until the stop."""
        self._of.patches.replace(holder, name, make)

    def opened(
        self,
        fd: int,
        *,
        owner: object = None,
        subject: object = None,
        host: str | None = None,
        otherwise: object = None,
        is_on_stack: bool = True,
    ) -> None:
        """Enter a connection, or complete what is known of it, from the stack."""
        try:
            record = self._of.births.enter(fd)
            if record is None:
                return
            if host is not None:
                record.host = host
            if owner is not None:
                record.owner = self._own(owner) or record.owner
            if subject is not None:
                record.subject = weakref.ref(subject)
            if not is_on_stack:
                return
            frame = sys._getframe(1)
            self._of.births.confirm(record, frame)
            if record.owner is None and otherwise is not None:
                record.stand_in = self._own(otherwise, frame)
                if otherwise is not subject:
                    # Not of a transport: a library that asked for it may tell soon.
                    record.run_by = self._of.stack.awaiter() or record.run_by
        except Exception as error:
            self._failed(error)

    def strangers(self) -> dict[int, tuple[int, Address]]:
        """Return the connections that no owner is known for, by inode."""
        try:
            return self._of.births.strangers()
        except Exception as error:
            self._failed(error)
            return {}

    def closing(self, fd: int) -> None:
        """Take down that a connection is about to be closed in C."""
        try:
            self._of.births.leave(fd)
        except Exception as error:
            self._failed(error)

    def used(
        self,
        fd: int,
        *,
        subject: object = None,
        owner: object = None,
    ) -> None:
        """Count a load on a connection."""
        record = self._by_fd.get(fd)
        if record is None:
            return
        record.requests = (record.requests or 0) + 1
        record.last_used_at = _monotonic()
        record.last_used_by = self._site_at(self._depth) or self._find_line()
        if record.subject is None or record.subject() is not subject:
            record.subject = None if subject is None else weakref.ref(subject)
        if owner is not None:
            record.owner = self._own(owner, sys._getframe(1))

    def _find_line(self) -> CallSite | None:
        # Within this are `used`, the hook and the function that it wraps.
        start = _getframe(4)
        site, steps = self._of.stack.find(start)
        if site is None:
            return self._of.stack.beyond(start)
        self._depth = 3 + steps
        return site

    def line(self) -> CallSite | None:
        """Return the user's line that runs now."""
        # Between are the hook and the function that it wraps.
        return self._of.stack.wanted_by(_getframe(3))

    def subjects(self, cls: type) -> list[tuple[int, object]]:
        """Return the live subjects of a class, with their sockets' inodes."""
        found: list[tuple[int, object]] = []
        for record in self._of.book.open_records():
            subject = None if record.subject is None else record.subject()
            if isinstance(subject, cls):
                found.append((record.inode, subject))
        return found

    def opener(self, inode: int) -> OwnerRecord | None:
        """Return the owner that led to a connection."""
        record = self._of.book.of_inode(inode)
        return None if record is None else record.owner

    def made(self, owner: object, *, part: object = None, name: str = "") -> None:
        """Take down an owner whose making is on the stack."""
        if part is None:
            self._own(owner, sys._getframe(1))
        elif self._of.owners.find(owner) is None:
            self._of.owners.add_by_part(owner, part, name, adapter=self._adapter)

    def owners(self, cls: type) -> list[object]:
        """Return the live owners of a class."""
        found = (one.ref() for one in self._of.owners.live())
        return [one for one in found if isinstance(one, cls)]

    def owner_of(self, owner: object) -> OwnerRecord | None:
        """Return the record of an owner."""
        return self._own(owner)

    def _make_unless(self, module: str) -> Callable[..., None]:
        def make(owner: object, *_: object, **__: object) -> None:
            frame = _getframe(2)
            if not module or frame.f_globals.get("__name__") != module:
                self._own(owner, self._of.stack.maker(frame, owner))

        return make

    def _own(self, owner: object, frame: FrameType | None = None) -> OwnerRecord | None:
        books = self._of
        known = books.owners.find(owner)
        if known is not None:
            return known
        site, now = None, None
        around: tuple[OwnerRecord, ...] = ()
        if frame is not None:
            site, now = books.stack.wanted_by(frame), time.monotonic()
            for one, is_being_made in books.stack.around(frame, owner):
                # One that was made earlier has a line that nobody noted.
                further_in = books.owners.add(
                    one,
                    adapter=books.owners.adapter_of(type(one)),
                    made_at=site if is_being_made else None,
                    made_at_s=now if is_being_made else None,
                    around=around,
                )
                if further_in is not None:
                    around = (*around, further_in)
        record = books.owners.add(
            owner, adapter=self._adapter, made_at=site, made_at_s=now, around=around
        )
        if record is not None and frame is not None:
            # What a library's object made is not the user's; most are told by that.
            record.is_handmade = not around and books.stack.is_handmade(
                frame, owner, self._adapter.internals
            )
        return record

    def _close(self, _: object, owner: object, *__: object, **___: object) -> None:
        record = self._of.owners.find(owner)
        if record is not None:
            record.closed_at_s = time.monotonic()

    def _failed(self, error: Exception) -> None:
        self._of.problem(f"a hook of {self._adapter.name} failed: {error!r}")
