"""The one observer of this process, for programs that watch themselves.

Decides what a fork means for it, and how a process is watched to its end.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import UsageError
from .observer import Observer
from .report import Program
from .ticker import tell_every

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ending import Ending
    from .report import Report
    from .spec import WatchSpec

__all__ = (
    "check",
    "current",
    "for_children",
    "observe",
    "start",
    "stop",
    "watch_to_the_end",
)

_observer: Observer | None = None
_ending: Ending | None = None
_sees_forks = False


def observe(observer: Observer, ending: Ending | None = None) -> None:
    """Make an observer the one of this process, and start it."""
    global _observer, _ending, _sees_forks
    if _observer is not None:
        _observer.stop()
    _observer, _ending = observer, ending
    if not _sees_forks and hasattr(os, "register_at_fork"):
        _sees_forks = True
        os.register_at_fork(after_in_child=_has_forked)
    observer.start()


def current() -> Observer | None:
    """Return the observer that watches this process now, if one does."""
    return _observer if _observer is not None and _observer.is_running else None


def start(*, idle_after: float = 30.0, user_packages: Iterable[str] = ()) -> None:
    """Watch the connections of this process from now on.

    Does nothing when it is watched already.

    Args:
        idle_after: Seconds unused, half closed or unread after which a connection
            gets a verdict while the program goes on.
        user_packages: Packages that count as yours wherever they are installed: their
            lines are named, and their objects begin heap paths.
    """
    if current() is None:
        observe(Observer(idle_after=idle_after, user_packages=user_packages))


def check(*, ended: bool = False) -> Report:
    """Return what is known of every connection now, with verdicts.

    The collector is not run: it would cure what is looked for.

    Args:
        ended: Whether the work is done, so that whatever is open should be closed.

    Raises:
        UsageError: `start` was not called.
    """
    if _observer is None:
        raise UsageError("nothing is watched: call urlsession.watch.start() first")
    return _observer.check(ended=ended)


def stop() -> None:
    """Stop watching; `check` still tells what was seen until now."""
    if _observer is not None:
        _observer.stop()


def watch_to_the_end(spec: WatchSpec, *, is_helper: bool = False) -> None:
    """Watch this process from its start until the interpreter ends.

    Args:
        spec: What the watch does.
        is_helper: Whether the process makes no connection itself and may be there
            still when the program has ended.
    """
    from .children import announce, make_folder
    from .ending import Ending
    from .spec import VARIABLE, format_spec

    observer = Observer(idle_after=spec.idle_after, user_packages=spec.user_packages)
    argv = tuple(sys.orig_argv[1:]) or ("python",)
    program = Program(
        name=argv[0],
        argv=argv,
        pid=os.getpid(),
        parent=os.getppid(),
        python=sys.version.partition(" ")[0],
    )
    folder = None
    if spec.folder is not None:
        if not is_helper:
            announce(spec.folder)
    else:
        # This process watches all that it will start.
        folder = make_folder()
        os.environ[VARIABLE] = format_spec(for_children(spec, folder))
    ending = Ending(observer, spec, program, folder)
    observe(observer, ending)
    ending.arm_exit()
    ending.arm_signals()
    if spec.every is not None:
        tell_every(observer, spec.every)


def for_children(spec: WatchSpec, folder: str) -> WatchSpec:
    """Return what children are asked to do: to leave their reports in a folder."""
    return replace(
        spec, folder=folder, json=None, junit=None, sarif=None, fail=False, every=None
    )


def _has_forked() -> None:
    if _observer is not None and _observer.is_running:
        _observer.has_forked()
        if _ending is not None:
            _ending.has_forked()
