"""The one observer of this process, for programs that watch themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError
from .observer import Observer

if TYPE_CHECKING:
    from .report import Report

__all__ = ("check", "observe", "start", "stop")

_observer: Observer | None = None


def observe(observer: Observer) -> None:
    """Make an observer the one of this process, and start it."""
    global _observer
    _observer = observer
    observer.start()


def start(*, idle_after: float = 30.0) -> None:
    """Watch the connections of this process from now on.

    Does nothing when it is watched already.

    Args:
        idle_after: Seconds unused, half closed or unread after which a connection
            gets a verdict while the program goes on.
    """
    if _observer is None or not _observer.is_running:
        observe(Observer(idle_after=idle_after))


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
