"""A thread that wakes from time to time, which the program does not notice.

It is a plain one that the program's list of threads does not show, and it is not
there while the process forks, since a fork with several threads is warned of from
Python 3.12 on. What does not work: to take it for gone when its function has returned;
the kernel counts it for some µs more.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("Pulse",)

_GONE_WITHIN_S = 0.1  # from the end of its function to the end of a thread
_EXECUTES = "subprocess"  # forks only to become another program

# Those that stand still while the process forks; the hooks cannot be removed. Entered
# again by a signal's handler that forks.
_lock = _thread.RLock()
_pulses: weakref.WeakSet[Pulse] = weakref.WeakSet()
_forks_under_way = 0
_sees_forks = False


class Pulse:
    """Calls a function on a thread of its own, again and again.

    Safe to use from any thread but that one.

    Args:
        beat: Called without arguments; returns the seconds until the next time, or
            None to end. It must not raise.
        first_s: Seconds until the first time.
        in_children: Whether it goes on in a forked child.
    """

    def __init__(
        self,
        beat: Callable[[], float | None],
        first_s: float,
        *,
        in_children: bool = False,
    ) -> None:
        self._beat = beat
        self._first_s = first_s
        self._in_children = in_children
        self._is_wanted = False
        self._run: _Run | None = None
        self._ending: set[_Run] = set()
        _stand_still_in_forks(self)

    def start(self) -> None:
        """Begin; does nothing when it has begun."""
        with _lock:
            self._is_wanted = True
            if self._run is not None and self._run.has_ended:
                self._run = None
            self._resume_locked()

    def stop(self) -> None:
        """End; the thread has gone when this returns."""
        with _lock:
            self._is_wanted = False
            self._pause_locked()
        self._wait()

    def _resume_locked(self) -> None:
        if self._run is None and self._is_wanted and not _forks_under_way:
            self._run = _Run(self._beat, self._first_s).begun()

    def _pause_locked(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            self._is_wanted = self._is_wanted and not run.has_ended
            self._ending.add(run)
            run.end()

    def _wait(self) -> None:
        # Without the lock: what the beat does may want it.
        for run in list(self._ending):
            run.wait()
            self._ending.discard(run)

    def _has_forked(self, *, goes_on: bool) -> None:
        """Go on in a child or not; there the thread has not come along."""
        self._run = None
        self._ending.clear()
        self._is_wanted = self._is_wanted and self._in_children and goes_on
        self._resume_locked()


class _Run:
    """One thread, from its start to its end."""

    def __init__(self, beat: Callable[[], float | None], first_s: float) -> None:
        self._beat = beat
        self._first_s = first_s
        self._stop = _thread.allocate_lock()
        self._gone = _thread.allocate_lock()
        self._stop.acquire()
        self._gone.acquire()
        self._thread_id = 0
        self.has_ended = False

    def begun(self) -> _Run | None:
        """Start the thread; return None if the process may have no more."""
        try:
            _thread.start_new_thread(self._go, ())
        except RuntimeError:  # a limit, or the interpreter that ends
            return None
        return self

    def end(self) -> None:
        """Have the thread end; called once."""
        self._stop.release()

    def wait(self) -> None:
        """Return when the thread has gone."""
        with self._gone:
            pass
        # Then the system has to take it down, which is what a fork counts.
        until = time.monotonic() + _GONE_WITHIN_S
        path = f"/proc/self/task/{self._thread_id}"
        while os.path.exists(path) and time.monotonic() < until:
            time.sleep(0)  # noqa: TID251 - there is no event for this

    def _go(self) -> None:
        self._thread_id = _thread.get_native_id()
        wait_s: float | None = self._first_s
        try:
            while wait_s is not None:
                if self._stop.acquire(timeout=wait_s):
                    return
                wait_s = self._beat()
            self.has_ended = True
        finally:
            self._gone.release()


def _stand_still_in_forks(one: Pulse) -> None:
    global _sees_forks
    with _lock:
        _pulses.add(one)
        if not _sees_forks and hasattr(os, "register_at_fork"):
            _sees_forks = True
            os.register_at_fork(
                before=_before_fork,
                after_in_parent=_after_fork,
                after_in_child=_in_child,
            )


def _before_fork() -> None:
    global _forks_under_way
    with _lock:
        _forks_under_way += 1
        pulses = list(_pulses)
        for one in pulses:
            one._pause_locked()
    for one in pulses:
        one._wait()


def _after_fork() -> None:
    global _forks_under_way
    with _lock:
        _forks_under_way -= 1
        for one in list(_pulses):
            one._resume_locked()


def _in_child() -> None:
    global _lock, _forks_under_way
    _lock = _thread.RLock()  # another thread may have had it
    _forks_under_way = 0
    # What is to become another program may need to have one thread until then.
    caller = sys._getframe(1).f_globals.get("__name__")
    for one in list(_pulses):
        one._has_forked(goes_on=caller != _EXECUTES)
