"""The end of a watched process: the look, what its exit handlers do, the report.

Decides the moment of the verdict, the same in every way in. The main code has returned
and its threads have ended; no exit handler has run, since libraries close what is left
in some (urllib3's finalizers do); nothing was collected. What the program itself closes
in an exit handler is taken back before the report is written.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from .children import announce, leave_report, remove_folder, with_children
from .output import write_report, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .observer import Observer
    from .report import Program, Report
    from .spec import WatchSpec

__all__ = ("LEAKED", "Ending", "signal_number", "wait_for_threads")

LEAKED = 3  # exit code of a program that leaked, where that was asked for


class Ending:
    """How one process ends under watch; in a forked child it begins anew.

    Args:
        observer: Who looks.
        spec: What to do with the report.
        program: What to say of the program.
        folder: Where children leave their reports for this process; None where this
            is a child itself, or children are not watched.
    """

    def __init__(
        self,
        observer: Observer,
        spec: WatchSpec,
        program: Program,
        folder: str | None = None,
    ) -> None:
        self._observer = observer
        self._spec = spec
        self._folder = folder
        self._program = program
        self._report: Report | None = None
        self._has_told = False
        self._exit = os._exit

    @property
    def report(self) -> Report | None:
        """The report of the last look."""
        return self._report

    def has_ended(self, exit_code: int, uncaught: str | None = None) -> None:
        """Note how the program ended."""
        self._program = replace(self._program, exit_code=exit_code, uncaught=uncaught)

    def look(self) -> Report:
        """Take the verdicts: the program has ended its work."""
        self._report = self._observer.check(ended=True, program=self._program)
        return self._report

    def take_back(self) -> Report:
        """Return the report, less what exit handlers refuted since the look."""
        report = self._report or self.look()
        self._report = self._observer.withdraw_refuted(report)
        return self._report

    def gather(self) -> Report:
        """Return the report together with those of the children; once."""
        report = self._report or self.look()
        if self._folder is not None:
            report = self._report = with_children(report, self._folder)
            remove_folder(self._folder)
            self._folder = None
        return report

    def tell(self) -> None:
        """Write the report, or leave it for the process that watches all; once."""
        if self._has_told:
            return
        self._has_told = True
        if self._spec.folder is not None:
            leave_report(self._spec.folder, self._report or self.look())
        else:
            write_report(self.gather(), self._spec)

    def arm_exit(self) -> None:
        """Have the interpreter's own end do all of it.

        The look comes when threads are joined, before any exit handler; a handler
        registered now runs after all others.
        """
        atexit.register(self._at_exit)
        # Private, and there since 3.9; without it the look is a moment late.
        register = getattr(threading, "_register_atexit", None)
        if register is not None:
            register(self._at_shutdown)

    def arm_signals(self) -> None:
        """Report before a signal ends the program, and when one asks for it.

        SIGTERM is taken only where the program left it alone; it then ends the program
        as it would have.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminated)
        if self._spec.signal is not None:
            signal.signal(signal_number(self._spec.signal), self._asked)

    def has_forked(self) -> None:
        """Begin anew in a child of a fork, which may end by `os._exit`."""
        self._report = None
        self._has_told = False
        self._program = replace(
            self._program, pid=os.getpid(), parent=os.getppid(), exit_code=None
        )
        if self._folder is not None:
            self._spec = replace(self._spec, folder=self._folder, fail=False)
            self._folder = None
        if self._spec.folder is None:
            return  # children are not watched
        announce(self._spec.folder)
        os._exit = self._exit_at_once  # type: ignore[assignment]  # mypy knows that it never returns

    def _exit_at_once(self, status: int) -> None:
        self._guarded(self._end_with, status)
        os._exit = self._exit
        self._exit(status)

    def _end_with(self, status: int) -> None:
        self._program = replace(self._program, exit_code=status)
        self.look()
        self.tell()

    def _at_shutdown(self) -> None:
        self._guarded(wait_for_threads)
        self._guarded(self.look)

    def _at_exit(self) -> None:
        if self._report is None:
            self._guarded(self.look)
        self._guarded(self.take_back)
        self._guarded(self._observer.stop)
        self._guarded(self.tell)
        report = self._report
        if self._spec.fail and report is not None and report.leaks:
            sys.stdout.flush()
            sys.stderr.flush()
            self._exit(LEAKED)

    def _terminated(self, number: int, _: FrameType | None) -> None:
        self._program = replace(self._program, exit_code=128 + number)
        self._guarded(self.look)
        self._guarded(self.tell)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _asked(self, _: int, __: FrameType | None) -> None:
        self._guarded(lambda: write_text(self._observer.check()))

    def _guarded(self, step: Callable[..., object], *arguments: object) -> None:
        try:
            step(*arguments)
        except Exception as error:
            self._observer.problem(f"the end could not be watched: {error!r}")


def signal_number(name: str) -> signal.Signals:
    """Return a signal by its name, with or without SIG.

    Raises:
        ValueError: There is no such signal, or it cannot be caught.
    """
    wanted = name.upper().removeprefix("SIG")
    try:
        number = signal.Signals[f"SIG{wanted}"]
    except KeyError:
        raise ValueError(f"there is no signal {name!r}") from None
    if wanted in {"KILL", "STOP"}:
        raise ValueError(f"SIG{wanted} cannot be caught")
    return number


def wait_for_threads() -> None:
    """Wait for the program's threads, as the interpreter does before it ends.

    Workers of thread pools are left alone: they end only when the interpreter
    tells them to, and waiting for them would be for ever.
    """
    pools = sys.modules.get("concurrent.futures.thread")
    workers = getattr(pools, "_threads_queues", {})
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        if thread is not threading.main_thread() and thread not in workers:
            thread.join()
