"""An asyncio loop as a driver; the default loop and uvloop alike.

All sessions of one loop share one epoll, and its descriptor is the one thing that
the loop watches: no reader is added or removed for a request, and none for a
session either while others live.
"""

from __future__ import annotations

import asyncio
import math
import select
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from .poller import Poller
from .timetable import SLACK_S, Timetable

if TYPE_CHECKING:
    from .driver import Driven
    from .pool import Pool

__all__ = ("AsyncioDriver", "driver_of")

_drivers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncioDriver] = (
    weakref.WeakKeyDictionary()
)


def driver_of(loop: asyncio.AbstractEventLoop) -> AsyncioDriver:
    """Return the driver of `loop`; the same one for all its sessions."""
    driver = _drivers.get(loop)
    if driver is None:
        driver = _drivers[loop] = AsyncioDriver(loop)
    return driver


class AsyncioDriver:
    """Gives the pools of one loop their turns."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # Weak: the driver is reached from the loop, and must not keep it.
        self._loop = weakref.ref(loop)
        self._lock = threading.RLock()
        self._pools: set[Driven] = set()
        self._epoll: select.epoll | None = None
        self._directory: dict[int, Driven] = {}
        self._timetable: Timetable[Driven] = Timetable()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    # -- Driver -----------------------------------------------------------------------

    def attach(self, pool: Driven) -> Poller:
        """Start to watch what the pool will register."""
        with self._lock:
            epoll = self._epoll
            if epoll is None:
                epoll = self._epoll = select.epoll()
                self._on_loop(self._add_reader)
            self._pools.add(pool)
        return Poller(pool.roster, epoll, self._directory, pool)

    def detach(self, pool: Driven, _poller: Poller) -> None:
        """Forget the pool; the last one takes the epoll with it."""
        with self._lock:
            self._pools.discard(pool)
            self._timetable.discard(pool)
            is_last = not self._pools
        if is_last:
            # In a later turn: a program that makes session after session has made
            # the next one by then.
            self._on_loop(self._close_if_idle, soon=True)

    def arm(self, pool: Driven, at: float) -> None:
        """Have the pool processed at monotonic time `at`."""
        with self._lock:
            is_first = self._timetable.agree(pool, at)
        if is_first and at < self._timer_at:
            self._on_loop(self._set_timer)

    def is_current(self) -> bool:
        """Whether the caller runs on the loop."""
        loop = asyncio._get_running_loop()
        return loop is not None and loop is self._loop()

    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop; None if it is gone."""
        return self._loop()

    def is_closed(self) -> bool:
        """Whether the loop is closed, or gone."""
        loop = self._loop()
        return loop is None or loop.is_closed()

    def call_soon(self, act: Callable[[], object]) -> None:
        """Call `act` in the loop's next turn."""
        loop = self._loop()
        if loop is not None:
            loop.call_soon(act)

    def wait(
        self,
        pool: Pool,
        is_done: Callable[[], bool],
        deadline: float,
        *,
        comes_back: bool = False,
    ) -> None:
        """A loop's pool is driven by its loop only: the caller has to wait."""

    def take_back(self, pool: Pool) -> None:
        """No thread keeps a loop's pool: nothing to do."""

    def rouse(self, pool: Pool) -> None:
        """Nobody leads a loop's pool: nothing to do."""

    # -- on the loop --------------------------------------------------------------------

    def _on_loop(self, act: Callable[[], None], *, soon: bool = False) -> None:
        loop = self._loop()
        if loop is None or loop.is_closed():
            self._close()
        elif self.is_current():
            if soon:
                loop.call_soon(act)
            else:
                act()
        else:
            try:
                loop.call_soon_threadsafe(act)
            except RuntimeError:  # closed between the question and the call
                self._close()

    def _add_reader(self) -> None:
        loop = self._loop()
        with self._lock:
            if loop is not None and self._epoll is not None:
                loop.add_reader(self._epoll.fileno(), self._take_events)

    def _close_if_idle(self) -> None:
        loop = self._loop()
        with self._lock:
            if self._pools or self._epoll is None:
                return
            if loop is not None:
                loop.remove_reader(self._epoll.fileno())
            if self._timer is not None:
                self._timer.cancel()
                self._timer, self._timer_at = None, math.inf
            self._close()

    def _close(self) -> None:
        with self._lock:
            epoll, self._epoll = self._epoll, None
            self._directory.clear()
        if epoll is not None:
            epoll.close()

    def _take_events(self) -> None:
        epoll = self._epoll
        if epoll is None:
            return
        events = epoll.poll(0)
        if len(self._pools) == 1:
            (pool,) = self._pools
            pool.process(events)
            return
        batches: dict[Driven, list[tuple[int, int]]] = {}
        for event in events:
            owner = self._directory.get(event[0])
            if owner is not None:
                batches.setdefault(owner, []).append(event)
            else:
                self._unregister(event[0])
        for pool, batch in batches.items():
            pool.process(batch)

    def _unregister(self, fd: int) -> None:
        try:
            if self._epoll is not None:
                self._epoll.unregister(fd)
        except OSError:
            return

    def _set_timer(self) -> None:
        loop = self._loop()
        with self._lock:
            at = self._timetable.next_at
            if loop is None or at >= self._timer_at:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = at
            # Relative: not every loop's clock is the monotonic one.
            delay_s = max(0.0, at - time.monotonic())
            self._timer = loop.call_later(delay_s, self._fire)

    def _fire(self) -> None:
        with self._lock:
            self._timer, self._timer_at = None, math.inf
            due = self._timetable.take_due(time.monotonic() + SLACK_S)
        for pool in due:
            pool.process(())
        if self._timetable.next_at < math.inf:
            self._set_timer()
