"""The one observer of this process, for programs that watch themselves.

Decides what a fork means for it, and how a process is watched to its end.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..report import Program, Report
    from .ending import Ending
    from .spec import WatchSpec

__all__ = (
    "check",
    "current",
    "observe",
    "start",
    "stop",
    "watch_to_the_end",
)

_observer: Observer | None = None
_ending: Ending | None = None
_sees_forks = False


def observe(observer: Observer, ending: Ending | None = None) -> None:
    """Make an observer the one of this process, and start it.

    Args:
        observer: Takes the place of the one before, which is stopped.
        ending: What it does when the process ends; an ending that is there already
            goes on with this observer.
    """
    global _observer, _ending, _sees_forks
    if _observer is not None:
        _observer.stop()
    if _ending is not None and ending is not None:
        _ending.retire()
    elif _ending is not None:
        _ending.follow(observer)
    _observer, _ending = observer, ending or _ending
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


def watch_to_the_end(
    spec: WatchSpec, program: Program, *, with_children: bool = True
) -> Ending:
    """Watch this process from now until the interpreter ends.

    Args:
        spec: What the watch does.
        program: What to say of the program.
        with_children: Whether processes that it starts are watched and reported too.

    Returns:
        What may be told how the program ended.
    """
    from .children import make_folder
    from .ending import Ending
    from .output import with_full_paths
    from .spec import VARIABLE, for_children, format_spec
    from .ticker import tell_every

    spec = with_full_paths(spec)
    observer = Observer(idle_after=spec.idle_after, user_packages=spec.user_packages)
    folder = None
    if not with_children:
        os.environ.pop(VARIABLE, None)
    elif spec.folder is None:
        # This process reports for all that it will start.
        folder = make_folder()
        os.environ[VARIABLE] = format_spec(for_children(spec, folder))
    ending = Ending(observer, spec, program, folder)
    observe(observer, ending)
    ending.arm()
    if spec.every is not None:
        tell_every(observer, spec.every)
    return ending


def _has_forked() -> None:
    if _observer is None:
        return
    try:
        if _observer.is_running:
            _observer.has_forked()
        if _ending is not None:
            _ending.has_forked()
    except Exception as error:
        _observer.problem(f"the fork could not be followed: {error!r}")
