"""The end of a watched process: the look, what its exit handlers do, the report.

Decides the moment of the verdict, the same in every way in. The main code has returned
and its threads have done their work; no exit handler has run, since libraries close
what is left in some (urllib3's finalizers do); nothing was collected. What the program
itself closes in an exit handler is taken back before the report is written.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .children import announce, leave_report, remove_folder, with_children
from .output import write_report, write_text
from .signals import signal_number
from .spec import for_children, format_spec
from .successor import watch_successor
from .termination import hold_while_forking, let_be_woken, wake_the_terminated
from .threads import is_of_a_pool, wait_for_threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ..observer import Observer
    from ..report import Program, Report
    from .spec import WatchSpec

__all__ = ("LEAKED", "Ending")

LEAKED = 3  # exit code of a program that leaked, where that was asked for
_POOLS = ("concurrent.futures.thread", "concurrent.futures.process")


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
        self._is_over = False  # the report was written, or shall not be
        self._is_asked = self._is_answering = False
        self._exit = os._exit

    def arm(self) -> None:
        """Have the interpreter's own end do all of it, and signals too."""
        # Registered first, it runs last.
        atexit.register(self._at_exit)
        self._register(self._at_shutdown)
        self._take_signals()
        self._attach()
        if self._folder is not None:
            self._observer.at_stop(
                watch_successor(
                    format_spec(self._spec),
                    self._folder,
                    lambda: self._folder is not None and not self._is_over,
                )
            )

    def follow(self, observer: Observer) -> None:
        """Let another observer look from now on: it took the first one's place."""
        self._observer = observer
        self._attach()

    def retire(self) -> None:
        """Do nothing any more: somebody else watches this process to its end."""
        self._is_over = True
        if self._folder is not None:
            remove_folder(self._folder)
        self._leave_signals()

    def has_ended(self, exit_code: int, uncaught: str | None = None) -> None:
        """Note how the program ended."""
        self._program = replace(self._program, exit_code=exit_code, uncaught=uncaught)

    def has_forked(self) -> None:
        """Begin anew in a child of a fork, which may end by `os._exit`."""
        self._report = None
        self._is_asked = self._is_answering = False
        if self._folder is not None:
            self._spec = for_children(self._spec, self._folder)
            self._folder = None
        if self._spec.folder is None:
            self._is_over = True  # children are not watched
        if self._is_over:
            self._leave_signals()
            return
        self._program = replace(
            self._program,
            pid=os.getpid(),
            parent=os.getppid(),
            exit_code=None,
            uncaught=None,
        )
        self._attach_child()
        os._exit = self._exit_at_once  # type: ignore[assignment]  # mypy knows that it never returns

    def _attach(self) -> None:
        """Ask the observer for what has to be known before the end."""
        wake_the_terminated(self._observer)
        for pool in _POOLS:
            # Of what is registered there the last runs first.
            self._observer.when_imported(
                pool, lambda _: self._register(self._before_pools)
            )
        self._attach_child()

    def _attach_child(self) -> None:
        folder = self._spec.folder
        if folder is not None:
            # Only now is there something to be missed; what forks to run another
            # program, or just keeps the house, never announces itself.
            self._observer.when_connected(lambda: announce(folder, self._program))
            if signal.getsignal(signal.SIGTERM) == self._terminated:
                let_be_woken()

    def _register(self, step: Callable[[], None]) -> None:
        # Private, and there since 3.9; without it the look is a moment late.
        register = getattr(threading, "_register_atexit", None)
        if register is not None:
            register(step)

    def _take_signals(self) -> None:
        """Report before SIGTERM ends the program, and when a signal asks for it.

        SIGTERM is taken only where the program left it alone; it then ends the program
        as it would have.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._terminated)
            hold_while_forking()
        if self._spec.signal is not None:
            signal.signal(signal_number(self._spec.signal), self._asked)

    def _leave_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) == self._terminated:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._ask_no_more()

    def _ask_no_more(self) -> None:
        """Have the signal that asks for a report do nothing from now on.

        Left to us the interpreter would give it back its default when it ends, and to
        ask at that moment would kill the program.
        """
        if self._spec.signal is None:
            return
        number = signal_number(self._spec.signal)
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(number) == self._asked:
            signal.signal(number, signal.SIG_IGN)

    def _before_pools(self) -> None:
        """Look before the pools end their workers, which hold what threads hold.

        Not where somebody else ends threads of its own at the same time: to wait for
        those before would be to wait for ever.
        """
        registered = getattr(threading, "_threading_atexits", ())
        if all(is_of_a_pool(one) or self._is_own(one) for one in registered):
            self._at_shutdown()

    def _is_own(self, registered: Any) -> bool:
        known = (self._at_shutdown, self._before_pools)
        cells = getattr(registered, "__closure__", None) or ()
        function = getattr(registered, "func", None)
        return function in known or any(one.cell_contents in known for one in cells)

    def _at_shutdown(self) -> None:
        if self._is_over or self._report is not None:
            return
        try:
            wait_for_threads()
        finally:
            self._guarded(self._look)

    def _at_exit(self) -> None:
        self._ask_no_more()
        if self._is_over:
            return
        self._guarded(self._look)
        self._guarded(self._take_back)
        self._guarded(self._observer.stop)
        self._guarded(self._tell)
        report = self._report
        if self._spec.fail and report is not None and report.leaks:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    self._guarded(stream.flush)
            self._exit(LEAKED)

    def _exit_at_once(self, status: int) -> None:
        os._exit = self._exit
        if not self._is_over:
            self._program = replace(self._program, exit_code=status)
            self._guarded(self._look)
            self._guarded(self._take_back)
            self._guarded(self._tell)
        self._exit(status)

    def _terminated(self, number: int, _: FrameType | None) -> None:
        if not self._is_over:
            self._program = replace(self._program, exit_code=128 + number)
            self._guarded(self._look)
            self._guarded(self._tell)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _asked(self, _: int, __: FrameType | None) -> None:
        self._is_asked = True
        if self._is_answering:
            return  # it comes while one is answered, and is answered after that one
        self._is_answering = True
        while self._is_asked:
            self._is_asked = False
            self._guarded(
                lambda: write_text(self._observer.check(program=self._program))
            )
        self._is_answering = False

    def _look(self) -> None:
        """Take the verdicts, once: the program has ended its work."""
        if self._report is None:
            self._report = self._observer.check(ended=True, program=self._program)

    def _take_back(self) -> None:
        """Take back what exit handlers refuted since the look."""
        if self._report is not None:
            self._report = self._observer.withdraw_refuted(self._report)

    def _tell(self) -> None:
        """Write the report, or leave it for the process that reports for all; once."""
        report = self._report
        if self._is_over or report is None:
            return
        self._is_over = True
        report = replace(report, program=self._program)
        if self._spec.folder is not None:
            leave_report(self._spec.folder, report)
            return
        if self._folder is not None:
            report = with_children(report, self._folder)
            remove_folder(self._folder)
        self._report = report
        write_report(report, self._spec)

    def _guarded(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:
            self._observer.problem(f"the end could not be watched: {error!r}")
