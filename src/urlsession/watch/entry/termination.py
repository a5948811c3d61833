"""SIGTERM ends a watched child as surely as one that is not watched.

A handler of Python's is no match for the system's own action in two moments, and both
come about when a `multiprocessing.Pool` is ended. Decides what is done:

- Right after a fork Python forgets the signals that came to the child. So SIGTERM is
  held back while a process forks, and comes when the child knows what it is.
- A handler runs between two steps of the program, and a signal that comes just before
  one that blocks in C is noticed only when something wakes it. So whoever waits for a
  child that it has terminated wakes it now and then, by a signal that is ignored
  wherever nobody takes it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from ..capture.patches import Patches

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..observer import Observer

__all__ = ("hold_while_forking", "let_be_woken", "wake_the_terminated")

WAKE_EVERY_S = 0.05
_WAKER = getattr(signal, "SIGURG", None)

_masks: dict[int, set[int]] = {}  # of the threads that fork now
_holds = False


def hold_while_forking() -> None:
    """Hold SIGTERM back in forks from now on.

    To be called when what is to come first in a child is registered already.
    """
    global _holds
    if not _holds and hasattr(os, "register_at_fork"):
        _holds = True
        os.register_at_fork(
            before=_hold, after_in_parent=_release, after_in_child=_release
        )


def _hold() -> None:
    _masks[threading.get_ident()] = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGTERM}
    )


def _release() -> None:
    former = _masks.pop(threading.get_ident(), None)
    if former is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def let_be_woken() -> None:
    """Have the waker interrupt what this process blocks in, and do nothing else."""
    is_main = threading.current_thread() is threading.main_thread()
    if _WAKER is not None and is_main and signal.getsignal(_WAKER) is signal.SIG_DFL:
        signal.signal(_WAKER, lambda *_: None)


def wake_the_terminated(observer: Observer) -> None:
    """Have `multiprocessing` wake the children that it terminated while it waits."""
    if _WAKER is None:
        return
    patches = Patches()
    observer.at_stop(patches.undo)
    observer.when_imported(
        "multiprocessing.popen_fork", lambda module: _hook(module, patches)
    )


def _hook(module: ModuleType, patches: Patches) -> None:
    # What serves spawn and the fork server is made of this one.
    kind: Any = module.Popen
    terminated: weakref.WeakSet[Any] = weakref.WeakSet()

    def make_terminate(original: Callable[..., None]) -> Callable[..., None]:
        def terminate(popen: Any) -> None:
            original(popen)
            terminated.add(popen)

        return terminate

    def make_wait(original: Callable[..., Any]) -> Callable[..., Any]:
        def wait(popen: Any, timeout: float | None = None) -> Any:
            if popen not in terminated:
                return original(popen, timeout)
            return _wait(popen, timeout, original)

        return wait

    patches.replace(kind, "terminate", make_terminate)
    patches.replace(kind, "wait", make_wait)


def _wait(popen: Any, timeout: float | None, original: Callable[..., Any]) -> Any:
    from multiprocessing.connection import wait

    end = None if timeout is None else time.monotonic() + timeout
    while end is None or time.monotonic() + WAKE_EVERY_S < end:
        # The second for a child whose own children hold on to the first.
        if wait([popen.sentinel], WAKE_EVERY_S) or popen.poll() is not None:
            break
        try:
            os.kill(popen.pid, _WAKER)  # type: ignore[arg-type]  # hooked only where it is there
        except OSError:
            break
    return original(popen, None if end is None else max(0.0, end - time.monotonic()))
