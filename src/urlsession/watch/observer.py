"""The observer's life: start, listen, check, stop.

Holds weak references and values only. Whatever fails inside it becomes a line of
the report and never an exception in the program. Between two checks it costs what
the hooks cost. A check holds the collector back while
it lasts, since a collection would cure what is looked for.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..connections import ConnectionEvent
from .capture.births import Births
from .capture.book import SocketBook
from .capture.handovers import Handovers
from .capture.hooks import Hooks, Instruments
from .capture.imports import ImportWatcher
from .capture.kernel import limits, look_up, socket_descriptors
from .capture.monitor import UNHOOKED, Monitor
from .capture.owners import OwnerBook
from .capture.patches import Patches
from .capture.stack import StackReader
from .code import CodeMap
from .registry import load_adapters
from .report import Clock, Finding, Program, Report
from .survey import Survey
from .verdict import Moment, is_refuted, judge, spare_single_escapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

    from ..connections import Address
    from .adapter import Adapter
    from .facts import ConnectionFacts
    from .verdict import Verdict

__all__ = ("Observer",)

REMEMBERED_CLOSES = 4096  # kernel states at the close, some 0.2 KiB each
RECHECK_AFTER_S = 0.02  # seconds; what another thread is closing is closed by then
MAX_PROBLEMS = 100  # lines; a failure that repeats is told once


class Observer:
    """Observes the connections of this process from `start` to `stop`.

    Safe to use from any thread.

    Args:
        idle_after: Seconds unused, half closed or unread after which a connection
            of a running program gets a verdict.
        user_packages: Packages that count as the user's wherever they are installed.
        adapters: The libraries to read; the built-in and installed ones by default.
    """

    def __init__(
        self,
        *,
        idle_after: float = 30.0,
        user_packages: Iterable[str] = (),
        adapters: Sequence[Adapter] | None = None,
    ) -> None:
        self._idle_after_s = idle_after
        self._user_packages = tuple(user_packages)
        self._given_adapters = adapters
        self._adapters: list[Adapter] = []
        # Of a kind that a signal's handler can take in the thread that has it.
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._serials: dict[int, int] = {}
        self._closes: OrderedDict[tuple[int, Address | None], str] = OrderedDict()
        self._problems: dict[str, None] = {}
        self._clock = _start_clock()
        self._baseline: frozenset[int] = frozenset()
        self._patches = Patches()
        self._imports = ImportWatcher(self.problem)
        self._book = SocketBook()
        self._owners = OwnerBook()
        self._stack = StackReader(CodeMap(self._user_packages), self._owners)
        self._handovers = Handovers(self._stack, self.problem)
        self._births = Births(self._book, self._owners, self._stack, self.problem)
        self._monitor = Monitor(
            book=self._book,
            stack=self._stack,
            served_ports=self._births.ports_served,
            baseline=lambda: self._baseline,
            is_told=self._is_told,
            problem=self.problem,
        )
        self._at_stop: list[Callable[[], None]] = []
        self.is_running = False

    def at_stop(self, step: Callable[[], None]) -> None:
        """Call `step` when the observer stops."""
        self._at_stop.append(step)

    def when_imported(self, name: str, tell: Callable[[ModuleType], None]) -> None:
        """Call `tell` with a module once it is imported, or now if it is."""
        self._imports.when_imported(name, tell)

    def when_connected(self, tell: Callable[[], None]) -> None:
        """Call `tell` at the first connection that is entered from now on; once."""
        self._book.when_entered = tell

    def start(self) -> None:
        """Begin to observe; does nothing when it already does."""
        if self.is_running:
            return
        self.is_running = True
        self._clock = _start_clock()
        self._begin_from_now()
        self._imports.start()
        self._births.start(self._patches)
        self._handovers.start(self._patches, self._imports)
        self._imports.when_imported("ssl", self._births.hook_tls)
        self._adapters = []
        instruments = Instruments(
            book=self._book,
            births=self._births,
            owners=self._owners,
            stack=self._stack,
            imports=self._imports,
            patches=self._patches,
            look=self._monitor.start,
            note=self.note,
            problem=self.problem,
        )
        given = self._given_adapters
        for adapter in load_adapters(self.problem) if given is None else given:
            try:
                adapter.start(Hooks(adapter, instruments))
            except Exception as error:
                self._failed(adapter, "start", error)
            else:
                self._adapters.append(adapter)
        native = [
            name
            for one in self._adapters
            for name in getattr(one, "native_modules", ())
        ]
        for name in (*native, *UNHOOKED):
            self._imports.when_imported(
                name, lambda module: self._monitor.start(module.__name__)
            )

    def stop(self) -> None:
        """Stop observing; what was seen until now can still be asked for."""
        if not self.is_running:
            return
        self.is_running = False
        while self._at_stop:
            self._at_stop.pop()()
        self._monitor.stop()
        for adapter in self._adapters:
            try:
                adapter.stop()
            except Exception as error:
                self._failed(adapter, "stop", error)
        self._births.stop()
        self._imports.stop()
        self._patches.undo()

    def has_forked(self) -> None:
        """Begin anew in a forked child: the parent's connections are not its own."""
        self._lock = threading.RLock()
        self._book.forget()
        self._serials.clear()
        self._closes.clear()
        self._problems.clear()
        self._clock = _start_clock()
        self._begin_from_now()

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        """Take down what the kernel says just after a close (see `Sink`)."""
        self._book.has_entered()
        if event is not ConnectionEvent.CLOSED or local is None:
            return
        try:
            seen = look_up(local, remote)
            # The kernel forgets at once what was reset, or what the peer closed first.
            state = "CLOSED" if seen is None else seen.state.name
            with self._lock:
                self._closes[inode, local] = state
                while len(self._closes) > REMEMBERED_CLOSES:
                    self._closes.popitem(last=False)
        except Exception as error:
            self.problem(f"the kernel could not be asked: {error!r}")

    def problem(self, text: str) -> None:
        """Put a line into the report, once."""
        if len(self._problems) < MAX_PROBLEMS:
            self._problems[text] = None

    def check(
        self,
        *,
        ended: bool = False,
        opened_since: float | None = None,
        with_heap: bool = True,
        only_open: bool = False,
        program: Program | None = None,
    ) -> Report:
        """Take the verdicts now; never raises and never runs the collector.

        A verdict is given after a short wait and a second look: what was just being
        closed elsewhere is no leak.

        Args:
            ended: Whether the program (or the test) has ended its work, so that what
                is still open should have been closed.
            opened_since: Monotonic seconds; tell only of connections opened from
                then on, and do not ask that what was made earlier be closed.
            with_heap: Whether to search what holds the owners, which stops the program
                for as long as that takes, and to look twice.
            only_open: Whether to tell only of connections that are open, which costs
                nothing for those that were closed.
            program: What to say of the program; by default what `sys` tells.
        """
        # What we allocate must not start the collector by itself: what it closed before
        # the second look would pass for closed by the program.
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            return self._look_twice(
                ended=ended,
                opened_since=opened_since,
                with_heap=with_heap,
                only_open=only_open,
                program=program,
            )
        finally:
            if is_collecting:
                gc.enable()

    def _look_twice(
        self,
        *,
        ended: bool,
        opened_since: float | None,
        with_heap: bool,
        only_open: bool,
        program: Program | None,
    ) -> Report:
        now = time.monotonic()
        moment = Moment.ENDED if ended else Moment.RUNNING
        findings: tuple[Finding, ...] = ()
        try:
            findings = self._findings(
                now, moment, opened_since, with_heap=with_heap, only_open=only_open
            )
        except Exception as error:
            self.problem(f"the check failed: {error!r}")
        report = Report(
            program=program or _this_program(),
            clock=self._clock,
            taken_at=now,
            has_ended=ended,
            connections=findings,
            forgotten=self._book.forgotten_count,
            problems=tuple(self._problems),
        )
        if not report.leaks or not with_heap:
            return report
        threading.Event().wait(RECHECK_AFTER_S)
        return self._recheck(report)

    def withdraw_refuted(self, report: Report) -> Report:
        """Return a report without the verdicts that later facts refuted.

        To be called when the program's exit handlers have run: what they closed was
        no leak. The facts stay those of the first look.
        """
        return self._withdraw(report, is_refuted)

    def _recheck(self, report: Report) -> Report:
        """Return a report without the verdicts on what is closed by now."""
        return self._withdraw(
            report, lambda _, __, later: later is None or not later.is_open
        )

    def _withdraw(
        self,
        report: Report,
        is_withdrawn: Callable[
            [Verdict, ConnectionFacts, ConnectionFacts | None], bool
        ],
    ) -> Report:
        try:
            later = {
                one.id: one
                for one in self._survey().take(self._serial, with_heap=False)
            }
        except Exception as error:
            self.problem(f"the recheck failed: {error!r}")
            return report
        kept = tuple(
            Finding(one.facts, None)
            if one.verdict
            and is_withdrawn(one.verdict, one.facts, later.get(one.facts.id))
            else one
            for one in report.connections
        )
        return replace(report, connections=kept)

    def _findings(
        self,
        now: float,
        moment: Moment,
        since: float | None,
        *,
        with_heap: bool,
        only_open: bool,
    ) -> tuple[Finding, ...]:
        found = self._survey().take(
            self._serial, with_heap=with_heap, only_open=only_open
        )
        if not only_open:
            self._forget_numbers(one.inode for one in found)
        wanted = [one for one in found if since is None or one.opened_at >= since]
        verdicts = spare_single_escapes(
            (
                one,
                judge(
                    one,
                    now,
                    moment=moment,
                    idle_after_s=self._idle_after_s,
                    made_since=since,
                ),
            )
            for one in wanted
        )
        return tuple(map(Finding, wanted, verdicts))

    def _survey(self) -> Survey:
        with self._lock:
            closes = dict(self._closes)
        return Survey(
            adapters=self._adapters,
            book=self._book,
            owners=self._owners,
            baseline=self._baseline,
            served_ports=frozenset(self._births.ports_served()),
            since=self._clock.started_at,
            states_at_close=closes,
            user_packages=self._user_packages,
            problem=self.problem,
        )

    def _begin_from_now(self) -> None:
        self._baseline = frozenset(socket_descriptors())
        fewer = limits()
        if fewer is not None:
            self.problem(fewer)

    def _is_told(self, inode: int) -> bool:
        """Whether an adapter that keeps a book of its own has a socket open."""
        asked = (getattr(one, "has_open", None) for one in self._adapters)
        return any(has_open(inode) for has_open in asked if has_open is not None)

    def _serial(self, inode: int) -> int:
        """Return the number that the reports use for one connection."""
        with self._lock:
            number = self._serials.get(inode)
            if number is None:
                number = self._serials[inode] = next(self._numbers)
            return number

    def _forget_numbers(self, kept: Iterable[int]) -> None:
        """Let go of the numbers of what is no longer remembered."""
        wanted = set(kept)
        with self._lock:
            for inode in self._serials.keys() - wanted:
                del self._serials[inode]

    def _failed(self, adapter: Adapter, what: str, error: Exception) -> None:
        name = getattr(adapter, "name", type(adapter).__name__)
        self.problem(f"adapter {name} failed to {what}: {error!r}")


def _start_clock() -> Clock:
    return Clock(started_at=time.monotonic(), started_on=datetime.now().astimezone())


def _this_program() -> Program:
    argv = tuple(getattr(sys, "argv", None) or ("",))
    return Program(
        name=argv[0],
        argv=argv,
        pid=os.getpid(),
        python=sys.version.partition(" ")[0],
    )
