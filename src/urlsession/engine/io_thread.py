"""The shared I/O thread: the driver of every session that no loop drives.

One thread serves all such sessions; it starts with the first connection and ends
`LINGER_S` after the last pool has gone. A thread that waits for a result lends
itself to the pool instead of switching threads twice for each request: while it
does, the I/O thread leaves that pool alone.

A thread that waits for one result after the other, or one piece of a body after the
other, *keeps* its pool between them: a reply that came before the thread had begun to
wait would wake the I/O thread as well, and both would want the interpreter (some 10 µs
a load). A load that somebody else waits for ends that at once. The I/O thread looks
every `TICK_S` whether the pool is still used, for a load that nobody waits for.
"""

from __future__ import annotations

import math
import os
import select
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .poller import LONGEST_POLL_S, Poller
from .timetable import SLACK_S, Timetable

if TYPE_CHECKING:
    from .driver import Driven
    from .pool import Pool

__all__ = ("IO_THREAD_NAME", "IOThread", "forget_after_fork", "shared_io_thread")

IO_THREAD_NAME = "urlsession-io"
LINGER_S = 2.0  # seconds without a pool before the thread ends
TICK_S = 0.002  # seconds; a kept pool that is not used is nobody's for two at most
_STREAK_S = 0.05  # seconds from one wait's end to the next one's that make a streak


class IOThread:
    """A thread with one epoll over the epolls of its pools."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._pools: dict[int, Driven] = {}
        self._kept: dict[Pool, bool] = {}  # whether it was used since the last look
        self._timetable: Timetable[Driven] = Timetable()
        self._thread: threading.Thread | None = None
        self._epoll: select.epoll | None = None
        self._wake_fd = -1
        self._alarm_fd = -1  # always readable
        self._sleeps_until = math.inf
        self._is_stopping = False

    # -- Driver --------------------------------------------------------------------

    def attach(self, pool: Driven) -> Poller:
        """Start to watch the pool, and the thread if it does not run."""
        own = select.epoll()  # its own, so that a waiting thread can poll it alone
        with self._lock:
            if self._thread is None:
                self._start_locked()
            assert self._epoll is not None
            self._pools[own.fileno()] = pool
            self._epoll.register(own.fileno(), select.EPOLLIN)
        return Poller(pool.roster, own, {}, pool)

    def detach(self, pool: Driven, poller: Poller) -> None:
        """Stop to watch the pool, then close its epoll."""
        with self._lock:
            if self._pools.pop(poller.fd, None) is not None and self._epoll:
                self._epoll.unregister(poller.fd)
            self._kept = {one: used for one, used in self._kept.items() if one != pool}
            poller.close()
            self._timetable.discard(pool)
            must_wake = not self._pools and self._sleeps_until == math.inf
        if must_wake:
            self._wake()

    def arm(self, pool: Driven, at: float) -> None:
        """Have the pool processed at monotonic time `at`."""
        with self._lock:
            self._timetable.agree(pool, at)
            must_wake = at < self._sleeps_until
        if must_wake:
            self._wake()

    def is_current(self) -> bool:
        """Whether the caller is the I/O thread."""
        return self._thread is threading.current_thread()

    def event_loop(self) -> None:
        """No loop drives here."""

    def is_closed(self) -> bool:
        """Never: the thread starts again when it is needed."""
        return False

    def call_soon(self, act: Callable[[], object]) -> None:
        """Call `act` now: this thread has no turns to wait for."""
        act()

    def wait(
        self,
        pool: Pool,
        is_done: Callable[[], bool],
        deadline: float,
        *,
        comes_back: bool = False,
    ) -> None:
        """Drive `pool` from the calling thread until `is_done`.

        Only one thread does so at a time, and only while it is the only one with
        an interest: otherwise the I/O thread serves everybody fairly.
        """
        if not pool.lead():
            self.take_back(pool)
            return
        with self._lock:
            if pool in self._kept:
                self._kept[pool] = True
            else:
                self._mask(pool, 0)
        try:
            while not is_done():
                left_s = deadline - time.monotonic()
                if left_s <= 0 or pool.running_count > 1:
                    return
                pool.process(pool.wait_for_events(left_s))
        finally:
            pool.follow()
            self._end_lead(pool, comes_back=comes_back)

    def take_back(self, pool: Pool) -> None:
        """Drive a pool again that a waiting thread has kept."""
        if pool.is_kept:
            with self._lock:
                self._take_back(pool)

    def rouse(self, pool: Pool) -> None:
        """Have the thread that waits on `pool` look again at what it waits for."""
        pool.rouse(self._alarm_fd)

    # -- the thread -------------------------------------------------------------------

    def stop(self, timeout_s: float) -> None:
        """End the thread; used at exit, when nobody will start it again."""
        with self._lock:
            thread = self._thread
            self._is_stopping = thread is not None
        if thread is not None and thread is not threading.current_thread():
            self._wake()
            thread.join(timeout_s)

    def _start_locked(self) -> None:
        self._epoll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._alarm_fd = os.eventfd(1, os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._run, name=IO_THREAD_NAME, daemon=True
        )
        self._thread.start()

    def _end_lead(self, pool: Pool, *, comes_back: bool) -> None:
        """A thread has waited: it keeps the pool if it waits for one load after another."""
        now = time.monotonic()
        is_streak = now - pool.led_at < _STREAK_S and (
            pool.running_count == 0 or (comes_back and pool.running_count == 1)
        )
        pool.led_at = now
        with self._lock:
            if pool in self._kept:
                if not is_streak:
                    self._take_back(pool)
                return
            if not is_streak or pool.epoll_fd not in self._pools:
                self._mask(pool, select.EPOLLIN)
                return
            self._kept[pool] = pool.is_kept = True
            must_wake = now + TICK_S < self._sleeps_until
        if must_wake:
            self._wake()

    def _look_at_kept(self) -> None:
        for pool, was_used in list(self._kept.items()):
            if was_used or pool.leader:
                self._kept[pool] = False
            else:
                self._take_back(pool)

    def _take_back(self, pool: Pool) -> None:
        pool.is_kept = False
        if self._kept.pop(pool, None) is not None:
            self._mask(pool, select.EPOLLIN)

    def _mask(self, pool: Pool, mask: int) -> None:
        if pool.epoll_fd in self._pools and self._epoll is not None:
            self._epoll.modify(pool.epoll_fd, mask)

    def _wake(self) -> None:
        try:
            os.eventfd_write(self._wake_fd, 1)
        except (OSError, ValueError):  # it has just ended, and closed its descriptor
            return

    def _run(self) -> None:
        epoll = self._epoll
        assert epoll is not None
        idle_since = math.inf
        look_at = 0.0
        while True:
            now = time.monotonic()
            with self._lock:
                due = self._timetable.take_due(now + SLACK_S)
                if self._pools:
                    idle_since = math.inf
                elif idle_since == math.inf:
                    idle_since = now
                if self._is_stopping or now - idle_since >= LINGER_S:
                    self._end_locked()
                    return
                wake_at = min(self._timetable.next_at, idle_since + LINGER_S)
                if self._kept:
                    if now >= look_at:
                        self._look_at_kept()
                        look_at = now + TICK_S
                    wake_at = min(wake_at, look_at)
                self._sleeps_until = 0.0 if due else wake_at
            for pool in due:
                _process(pool)
            timeout_s = min(max(0.0, wake_at - now), LONGEST_POLL_S)
            for fd, _events in epoll.poll(0 if due else timeout_s):
                if fd == self._wake_fd:
                    os.eventfd_read(fd)
                    continue
                pool_or_none = self._pools.get(fd)
                if pool_or_none is not None:
                    _process(pool_or_none)

    def _end_locked(self) -> None:
        assert self._epoll is not None
        self._epoll.close()
        os.close(self._wake_fd)
        os.close(self._alarm_fd)
        self._forget()

    def forget_after_fork(self) -> None:
        """In a forked child: there is no thread, and what it opened is the parent's."""
        self._lock = threading.RLock()  # may be held by a thread that is not here
        self._pools.clear()
        self._kept.clear()
        self._timetable = Timetable()
        for fd in (self._wake_fd, self._alarm_fd):
            if fd >= 0:
                os.close(fd)
        if self._epoll is not None:
            self._epoll.close()
        self._forget()

    def _forget(self) -> None:
        self._epoll = self._thread = None
        self._wake_fd = self._alarm_fd = -1
        self._sleeps_until = math.inf
        self._is_stopping = False


def _process(pool: Driven) -> None:
    try:
        pool.process()
    except Exception:  # a defect: its transfers have failed; the other pools go on
        import logging

        logging.getLogger("urlsession").exception("driving %r failed", pool)


_shared: IOThread | None = None


def shared_io_thread() -> IOThread:
    """Return the process's I/O thread, which starts when it is first needed."""
    global _shared
    if _shared is None:
        _shared = IOThread()
    return _shared


def forget_after_fork() -> None:
    """In a forked child there is no such thread: the next connection starts one.

    The object stays: sessions that were never used before the fork may be used
    after it, and hold it.
    """
    if _shared is not None:
        _shared.forget_after_fork()
