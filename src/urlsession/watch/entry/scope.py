"""What a block of code leaves open.

Decides what belongs to a block: the connections that were opened in it. An owner that
was made before it belongs to somebody else, who may close it later.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import UsageError
from .process import current, start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from ..observer import Observer
    from ..report import Finding, Report

__all__ = ("Scope", "scope")

_lock = threading.Lock()
# The blocks that a watch started by one of them is for: tasks and threads overlap, and
# the last one out ends it, whoever came first.
_users: dict[Observer, int] = {}


class Scope:
    """A block under watch; made by `scope`.

    Starts a watch if nobody watches this process, and then ends it with the block.
    Used with ``with`` in async code too. Exceptions of the block go their way.
    """

    def __init__(self, *, idle_after: float, user_packages: Iterable[str]) -> None:
        self._idle_after_s = idle_after
        self._user_packages = tuple(user_packages)
        self._observer: Observer | None = None
        self._since = 0.0
        self._report: Report | None = None

    def __enter__(self) -> Self:
        with _lock:
            if current() is None:
                start(idle_after=self._idle_after_s, user_packages=self._user_packages)
                begun = current()
                assert begun is not None
                _users[begun] = 0
            self._observer = current()
            if self._observer in _users:
                _users[self._observer] += 1
        self._since = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._report = self._look(ended=True)
        with _lock:
            if self._observer in _users:
                _users[self._observer] -= 1
                if not _users[self._observer]:
                    del _users[self._observer]
                    self._observer.stop()

    @property
    def report(self) -> Report:
        """What was seen, when the block ended.

        Raises:
            UsageError: The block has not ended yet; `check` tells of it until then.
        """
        if self._report is None:
            raise UsageError(
                "the block has not ended yet: call check() to see what is so far"
            )
        return self._report

    @property
    def connections(self) -> tuple[Finding, ...]:
        """The connections opened in the block, in the order of their opening."""
        return self.report.connections

    @property
    def left_open(self) -> tuple[Finding, ...]:
        """Those that were open when it ended, leaks or not."""
        return tuple(one for one in self.connections if one.facts.is_open)

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """Those that have a verdict."""
        return self.report.leaks

    def check(self) -> Report:
        """Return what the block has done so far, judged as a program that goes on.

        Raises:
            UsageError: The block has not begun.
        """
        return self._look(ended=False)

    def _look(self, *, ended: bool) -> Report:
        if self._observer is None:
            raise UsageError("the block has not begun: use scope() in a `with` block")
        report = self._observer.check(ended=ended, opened_since=self._since)
        said = tuple(one.said_of("The block") for one in report.connections)
        return replace(report, connections=said)


def scope(*, idle_after: float = 30.0, user_packages: Iterable[str] = ()) -> Scope:
    """Watch a block, and tell what it leaves open.

        with urlsession.watch.scope() as seen:
            work()
        assert not seen.leaks

    Args:
        idle_after: As for `start`; counts only where this starts the watch.
        user_packages: As for `start`, likewise.
    """
    return Scope(idle_after=idle_after, user_packages=user_packages)
