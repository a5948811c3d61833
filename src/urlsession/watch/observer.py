"""The observer's life: start, listen, check, stop.

Holds weak references and values only. Whatever fails inside it becomes a line of
the report and never an exception in the program. It starts no thread: between two
checks it costs what its adapters' hooks cost. A check holds the collector back while
it lasts, since a collection would cure what is looked for.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..connections import ConnectionEvent
from .kernel import look_up
from .registry import load_adapters
from .report import Clock, Finding, Program, Report
from .survey import Survey
from .verdict import Moment, is_refuted, judge

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from ..connections import Address
    from .adapter import Adapter

__all__ = ("Observer",)

REMEMBERED_CLOSES = 10_000  # kernel states at the close, some 0.2 KiB each
MAX_PROBLEMS = 100  # lines; a failure that repeats is told once


class Observer:
    """Observes the connections of this process from `start` to `stop`.

    Safe to use from any thread. It is the `Sink` of its adapters.

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
        self._lock = threading.Lock()
        self._serials: dict[tuple[str, Hashable], int] = {}
        self._closes: OrderedDict[tuple[int, Address | None], str] = OrderedDict()
        self._problems: dict[str, None] = {}
        self._clock = _start_clock()
        self.is_running = False

    def start(self) -> None:
        """Begin to observe; does nothing when it already does."""
        if self.is_running:
            return
        self.is_running = True
        self._clock = _start_clock()
        self._adapters = []
        given = self._given_adapters
        for adapter in load_adapters(self.problem) if given is None else given:
            try:
                adapter.start(self)
            except Exception as error:
                self._failed(adapter, "start", error)
            else:
                self._adapters.append(adapter)

    def stop(self) -> None:
        """Stop observing; what was seen until now can still be asked for."""
        if not self.is_running:
            return
        self.is_running = False
        for adapter in self._adapters:
            try:
                adapter.stop()
            except Exception as error:
                self._failed(adapter, "stop", error)

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        """Take down what the kernel says just after a close (see `Sink`)."""
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

    def check(self, *, ended: bool = False, program: Program | None = None) -> Report:
        """Take the verdicts now; never raises and never runs the collector.

        Args:
            ended: Whether the program (or the test) has ended its work, so that what
                is still open should have been closed.
            program: What to say of the program; by default what `sys` tells.
        """
        now = time.monotonic()
        findings: tuple[Finding, ...] = ()
        # What we allocate must not start the collector by itself.
        is_collecting = gc.isenabled()
        gc.disable()
        try:
            findings = self._findings(now, Moment.ENDED if ended else Moment.RUNNING)
        except Exception as error:
            self.problem(f"the check failed: {error!r}")
        finally:
            if is_collecting:
                gc.enable()
        return Report(
            program=program or _this_program(),
            clock=self._clock,
            taken_at=now,
            connections=findings,
            problems=tuple(self._problems),
        )

    def withdraw_refuted(self, report: Report) -> Report:
        """Return a report without the verdicts that later facts refuted.

        To be called when the program's exit handlers have run: what they closed was
        no leak. The facts stay those of the first look.
        """
        try:
            later = {
                one.id: one
                for one in self._survey().take(self._serial, with_heap=False)
            }
        except Exception as error:
            self.problem(f"the recheck failed: {error!r}")
            return report
        kept = tuple(
            Finding(one.facts, None) if is_refuted(later.get(one.facts.id)) else one
            for one in report.connections
        )
        return replace(report, connections=kept)

    def _findings(self, now: float, moment: Moment) -> tuple[Finding, ...]:
        after_s = self._idle_after_s
        return tuple(
            Finding(one, judge(one, now, moment=moment, idle_after_s=after_s))
            for one in self._survey().take(self._serial)
        )

    def _survey(self) -> Survey:
        with self._lock:
            closes = dict(self._closes)
        return Survey(
            adapters=self._adapters,
            since=self._clock.started_at,
            states_at_close=closes,
            user_packages=self._user_packages,
            problem=self.problem,
        )

    def _serial(self, library: str, key: Hashable) -> int:
        """Return the number that the reports use for one connection."""
        with self._lock:
            return self._serials.setdefault((library, key), len(self._serials) + 1)

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
