"""Who gives a pool its turns: an asyncio loop, or the shared I/O thread.

A driver owns the epoll that a pool registers its sockets in. It has to notice that
the epoll has something, or that an agreed time has come, and call `Pool.process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from .poller import Poller
    from .pool import Pool
    from .roster import Roster

__all__ = ("Driven", "Driver")


class Driven(Protocol):
    """What is given turns: a `Pool`, or a session's `Wires`."""

    roster: Roster

    def process(self, events: Iterable[tuple[int, int]] | None = None) -> None:
        """Do what is due; `events` is what epoll told, None to ask it."""


class Driver(Protocol):
    """What a pool asks of whoever drives it.

    Every method may be called from any thread unless it says otherwise.
    """

    def attach(self, pool: Driven) -> Poller:
        """Start to watch `pool`; return where it registers its sockets."""

    def detach(self, pool: Driven, poller: Poller, /) -> None:
        """Stop to watch `pool`, whose sockets are closed, and let go of `poller`."""

    def arm(self, pool: Driven, at: float) -> None:
        """Call `pool.process` at monotonic time `at` at the latest."""

    def is_current(self) -> bool:
        """Whether the caller is the thread that drives: to wait there is to hang."""

    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop that drives; None if no loop does."""

    def is_closed(self) -> bool:
        """Whether this driver will never give a turn again."""

    def call_soon(self, act: Callable[[], object]) -> None:
        """Call `act` on the driving thread, soon; only ever from that thread."""

    def wait(
        self,
        pool: Pool,
        is_done: Callable[[], bool],
        deadline: float,
        *,
        comes_back: bool = False,
    ) -> None:
        """Lend the calling thread to `pool` until `is_done` or the deadline.

        May return at once, having done nothing: the caller then waits by other means.

        Args:
            pool: What the thread drives.
            is_done: Asked after each turn, with no lock held.
            deadline: In monotonic seconds.
            comes_back: Whether the caller will wait for more of the same load.
        """

    def take_back(self, pool: Pool) -> None:
        """Drive a pool that a thread keeps after it was lent to it, if one does."""

    def rouse(self, pool: Pool) -> None:
        """Have a thread that is lent to `pool` look again at what it waits for."""
