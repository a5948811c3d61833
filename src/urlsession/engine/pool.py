"""A session's pool: one multi handle and one lock.

Decides how libcurl is driven. Threads: any thread may call any method. Whoever
holds the lock is "inside" and may touch libcurl; nobody waits for the network
while inside. Results are handed out after the lock is released, so that user code
never runs under it (the `read` of a regular file given as a body excepted).

What does not work, and why things are as they are:

* Adding and removing readers on the event loop for each request costs more than
  the request: sockets are registered in an epoll of the driver's, whose descriptor
  is the one thing that the loop watches, and stay registered while they are idle.
  That is also the ear for a peer's FIN, which libcurl does not have.
* `CLOSESOCKETFUNCTION` is skipped for pooled connections: see `roster`.
* Closing a descriptor under libcurl is not safe. A dead pooled socket gets FIN from
  us at once, and a *janitor*, a transfer that is refused a socket, makes libcurl
  look over its pool and close it (libcurl does so at most once a second).

This file is longer than most: it is the one place where libcurl is driven, and what
could leave it has (`poller`, `upkeep`, `pauses`, `pipe_wait`, `account`).
"""

from __future__ import annotations

import errno
import math
import os
import select
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pycurl

from ..connections import LEDGER, ClosedBy, Connection
from ..errors import UsageError
from .account import connection_let_go, enter_handover, enter_run
from .gathering import Gathering
from .handle import LARGE_PIECES, Handle, HandleStore
from .janitor import Janitor
from .pauses import Pauses
from .pipe_wait import PipeWait
from .poller import CURL_EVENTS, HANGUP, Poller
from .retired import ROUNDS, RetiredMulti, RetiredMultis
from .roster import Roster
from .sockets import PLAIN, SocketKind, local_address, open_socket
from .timetable import SLACK_S
from .unread import Unread
from .upkeep import Upkeep

if TYPE_CHECKING:
    import asyncio

    from ..connections import Listener, Owner
    from .driver import Driver
    from .reaper import ReapPolicy
    from .transfer import Transfer

__all__ = ("LIVE_POOLS", "Pool")

LIVE_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()
"""Pools that have a multi handle: what exit and fork have to see to."""

_get_ident = threading.get_ident
_monotonic = time.monotonic

_ACTIVESOCKET = pycurl.ACTIVESOCKET
_RESPONSE_CODE = pycurl.RESPONSE_CODE
_SIZE_UPLOAD = pycurl.SIZE_UPLOAD_T

_MAX_SPARE_HANDLES = 128
_UNBOUNDED = 1 << 20  # pooled connections; the reaper bounds them by age instead
_BACK_WITHIN_S = 0.01  # seconds; else another thread goes on
_SLICE_S = 0.004  # seconds for `ROUNDS`; a body that comes fast asks again and again


class Pool:
    """The connections of one session, and the transfers that run on them.

    Attributes:
        roster: The connections.
        is_closed: Whether `close` was called.
        epoll_fd: Where its sockets are registered; -1 before the first load.
        leader: The thread that drives it while it waits for a result; 0 for none.
        is_kept: Whether such a thread drives it between two results too. The driver's.
        led_at: When such a thread last had its result. The driver's.
    """

    __slots__ = (
        "__weakref__",
        "_after",
        "_armed_at",
        "_calls",
        "_curl_at",
        "_driver",
        "_gathering",
        "_handles",
        "_holder",
        "_inbox",
        "_is_curl_due",
        "_is_kick_pending",
        "_limits",
        "_lock",
        "_multi",
        "_pauses",
        "_pipe_wait",
        "_poller",
        "_retired",
        "_running",
        "_sockets",
        "_spare",
        "_unread",
        "_upkeep",
        "_watch_at",
        "epoll_fd",
        "is_closed",
        "is_kept",
        "leader",
        "led_at",
        "roster",
    )

    def __init__(
        self,
        driver: Driver,
        owner: Owner,
        *,
        handles: HandleStore,
        maximum_connections_per_host: int,
        policy: ReapPolicy,
        sockets: SocketKind = PLAIN,
    ) -> None:
        self.roster = Roster(owner, _monotonic)
        self.is_closed = False
        self.epoll_fd = -1
        self.leader: int = 0
        self.is_kept = False
        self.led_at = -math.inf
        self._driver = driver
        self._handles = handles
        self._limits = maximum_connections_per_host
        self._sockets = sockets
        self._lock = threading.Lock()
        self._holder = 0
        self._multi: pycurl.CurlMulti | None = None
        self._poller: Poller | None = None
        self._retired = RetiredMultis()
        self._running: dict[pycurl.Curl, Handle] = {}
        # First in, first out: by the time a handle is used again, whoever awaited
        # its last load has mostly dropped it (see `Handle.prepare`).
        self._spare: deque[Handle] = deque()
        self._pipe_wait = PipeWait()
        self._upkeep = Upkeep(self.roster, policy)
        self._pauses = Pauses(self.roster)
        self._inbox: deque[Callable[[], None]] = deque()
        self._after: list[Callable[[], None]] = []
        self._is_kick_pending = False
        self._is_curl_due = False
        self._curl_at = math.inf
        self._watch_at = math.inf
        self._armed_at = math.inf
        self._calls: list[tuple[float, Callable[[], None]]] = []
        self._unread = Unread(self.roster)
        self._gathering = Gathering()

    def make_another(
        self, handles: HandleStore, *, maximum_connections_per_host: int
    ) -> Pool:
        """Return a pool of the same owner, driver and policy; 0 is no limit."""
        pool = Pool(
            self._driver,
            self.roster.owner,
            handles=handles,
            maximum_connections_per_host=maximum_connections_per_host,
            policy=self._upkeep.policy,
        )
        pool.roster.listeners = self.roster.listeners
        return pool

    # -- from the layers above; any thread ---------------------------------------

    def start(self, transfer: Transfer) -> None:
        """Begin a run of `transfer`; `did_finish` tells its end.

        Raises:
            UsageError: The event loop that drives this pool is closed.
        """
        driver = self._driver
        is_current = driver.is_current()
        if not is_current and driver.is_closed():
            raise UsageError("the event loop that drives this session is closed")
        if not self._enter():
            self._inbox.append(partial(self._begin, transfer))
            return
        try:
            self._begin(transfer)
            if len(self._running) == 1 or not is_current:
                if self.is_kept and len(self._running) > 1:
                    driver.take_back(self)
                self._kick()
            elif not self._is_kick_pending:
                # Several loads start in one turn of the loop: libcurl is told of
                # all of them at once, which saves a call for each.
                self._is_kick_pending = True
                driver.call_soon(self._process_kick)
        finally:
            self._leave()

    def _process_kick(self) -> None:
        self.process(())

    def cancel(self, transfer: Transfer) -> None:
        """Take a running transfer out; an HTTP/1 connection under it is closed.

        `did_finish` is not called. Nothing happens if the transfer does not run.
        """
        self._perform(partial(self._remove, transfer))

    def hold(self, transfer: Transfer) -> None:
        """Pause both directions of a running transfer, and its idle timer."""
        self._perform(partial(self._hold, transfer))

    def resume(self, transfer: Transfer) -> None:
        """Go on with a transfer that was held."""
        self._perform(partial(self._resume, transfer))

    def take_again(self, transfer: Transfer) -> None:
        """Go on with a transfer whose consumer asked for a pause, unless it is held."""
        self._perform(partial(self._take_again, transfer))

    def renew(self) -> None:
        """Have later transfers open connections of their own.

        Those that run keep theirs, which are closed when they end; idle ones are
        closed now. A transfer that waits for a connection counts as a later one.
        """
        self._perform(self._renew)

    def take_socket(self, transfer: Transfer) -> bool:
        """Take the socket under a running transfer, and the transfer out.

        What libcurl has read already is handed to the transfer first, which must not
        ask for a pause. Not for TLS and HTTP/2, whose state is libcurl's. Not from a
        callback of libcurl's.

        Returns:
            False if the transfer does not run, or has no connection.
        """
        if not self._enter():
            return False
        try:
            return self._take_socket(transfer)
        finally:
            self._leave()

    def call_later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Call `act` after `delay_s` seconds, with no lock held, unless closed first.

        For a transfer that is tried again: something must have run before.
        """
        self._perform(partial(self._agree, _monotonic() + delay_s, act))

    def discard(self, connection: Connection) -> None:
        """Close one connection now, unless a transfer uses it."""
        self._perform(partial(self._discard, connection))

    def write(
        self, transfer: Transfer, prepare: Callable[[], None] | None = None
    ) -> None:
        """Have a duplex transfer write, now and when the kernel takes more.

        Args:
            transfer: It says what.
            prepare: Called inside before that, whether or not it can write.
        """
        self._perform(partial(self._write, transfer, prepare))

    def end(self, transfer: Transfer) -> None:
        """Take out a duplex transfer that is over by its own account.

        Its connection is closed, and `did_end` is called.
        """
        self._perform(partial(self._end, transfer))

    def limit_time(self, transfer: Transfer, within_s: float) -> None:
        """Have `did_time_out` called in `within_s` seconds, unless it ends before."""
        self._perform(partial(self._limit_time, transfer, within_s))

    def perform(self, act: Callable[[], None]) -> None:
        """Call `act` inside: at once, or on the way out of a call that is inside."""
        self._perform(act)

    def close(self, by: ClosedBy = ClosedBy.LOCAL) -> None:
        """Close every connection now. Harmless when repeated.

        FIN is on the wire when this returns, unless libcurl is at work on this very
        stack: then it is when libcurl has returned.
        """
        self._perform(partial(self._close, by))

    def close_at_exit(self, limit_s: float) -> None:
        """Close, unless another thread stays inside, in a body that blocks.

        The kernel then closes what is left.
        """
        if self._lock.acquire(timeout=limit_s):
            self._lock.release()
            self.close(ClosedBy.EXIT)

    def process(self, events: Iterable[tuple[int, int]] | None = None) -> None:
        """Do what is due: events, timers. Called by whoever drives.

        Args:
            events: What epoll told, as (descriptor, events); None to ask it.
        """
        if not self._enter():
            return
        try:
            if self.leader and self.leader != self._holder:
                # A waiting thread drives: it must not miss what it waits for, nor a
                # timer that was set after it had begun to sleep.
                self._driver.rouse(self)
                if self.leader:
                    return
            self._is_kick_pending = False
            if self._multi is not None or self._retired.multis:
                self._take_events(events)
            elif self._calls:
                self._armed_at = math.inf
                self._look_for_stalls(_monotonic() + SLACK_S)
        except Exception as error:
            # A defect here must not leave anybody waiting for ever.
            self._fail_all(error)
            raise
        finally:
            self._leave()

    def lead(self) -> bool:
        """Make the calling thread the only one that drives; `follow` ends that.

        Returns:
            False if there is not exactly one transfer, or somebody leads already.
        """
        if not self._enter():
            return False
        if self.leader or len(self._running) != 1 or self._poller is None:
            self._leave()
            return False
        self.leader = self._holder
        self._leave()
        return True

    def follow(self) -> None:
        """Let others drive again."""
        self.leader = 0

    def rouse(self, alarm_fd: int) -> None:
        """Make `wait_for_events` return on the thread that leads.

        Args:
            alarm_fd: A descriptor that is always readable.
        """
        poller = self._poller
        if self.leader and self.leader != _get_ident() and poller is not None:
            poller.rouse(alarm_fd)

    def wait_for_events(self, timeout_s: float) -> Sequence[tuple[int, int]]:
        """Wait, outside the lock, until `process` has something to do; return that."""
        poller = self._poller
        if poller is None:
            return ()
        due_in_s = max(0.0, self._armed_at - _monotonic())
        if self._is_curl_due:  # it was put off
            due_in_s = 0.0
        return poller.wait(min(timeout_s, due_in_s))

    def figures(self, transfer: Transfer) -> Sequence[int]:
        """Return libcurl's figures of the last run of `transfer`.

        None if it did not end by itself. They are read now if nobody needed them
        before.
        """
        if not transfer.numbers and self._enter():
            try:
                for handle in self._spare:
                    if handle.measured is transfer:
                        handle.take_figures()
                        handle.measured = None  # it may run again elsewhere
            finally:
                self._leave()
        return transfer.numbers

    def connections(self) -> list[Connection]:
        """Return the live connections; those that libcurl closed are found out."""
        if not self._enter():
            return list(self.roster.by_fd.values())
        try:
            self.roster.audit()
            return list(self.roster.by_fd.values())
        finally:
            self._leave()

    def add_listener(self, listener: Listener) -> None:
        """Tell `listener` of each event from now on."""
        self.roster.listeners = (*self.roster.listeners, listener)

    def remove_listener(self, listener: Listener) -> None:
        """Stop telling `listener`."""
        self.roster.listeners = tuple(
            one for one in self.roster.listeners if one != listener
        )

    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop that drives this pool; None if no loop does."""
        return self._driver.event_loop()

    @property
    def was_used(self) -> bool:
        """Whether a transfer was ever started."""
        return self.epoll_fd >= 0

    @property
    def running_count(self) -> int:
        """Transfers that run or wait for a connection."""
        return len(self._running)

    def note_paused(self, transfer: Transfer) -> None:
        """A body callback is about to ask for a pause: its connection stays in use."""
        if self._poller is not None:
            self._pauses.ask(self._poller, transfer)

    def gather(self, transfer: Transfer) -> None:
        """Have `Transfer.receive_pieces` get the rest of a body, instead of a callback.

        For a body callback. What it was offered and refused comes again that way.
        """
        self._gathering.ask(transfer)

    def reads_first(self, transfer: Transfer) -> bool:
        """Whether the peer has said something, which is read before more is sent.

        For a callback that gives a piece of a body: it has to ask for a pause then,
        and is called again. A peer that answers early and closes resets the
        connection under what is sent, and libcurl does not read after that.
        """
        return self._unread.note(transfer)

    def abandon_in_child(self) -> list[int]:
        """In a forked child: forget everything without a byte to any peer.

        Returns:
            The descriptors that the child has inherited and should close.
        """
        self.is_closed = True
        fds = list(self.roster.by_fd)
        fds += [one.fd for one in self._upkeep.dead]
        if self.epoll_fd >= 0:
            fds.append(self.epoll_fd)
        _IMMORTAL.append((self._multi, self._poller, self._running, self._spare))
        _IMMORTAL.append(self._retired)
        self._retired = RetiredMultis()
        self._running, self._multi, self._poller = {}, None, None
        self._spare = deque()
        self.roster.by_fd.clear()
        self._lock = threading.Lock()  # may be held by a thread that is not here
        self._holder = 0
        return fds

    def afterwards(self, act: Callable[[], None]) -> None:
        """Call `act` as soon as the lock is let go. Inside only."""
        self._after.append(act)

    # -- getting in and out -------------------------------------------------------

    def _enter(self) -> bool:
        """Get inside; False if this thread is inside already: use the inbox then.

        That is so in libcurl's callbacks, and in a finalizer that runs in one.
        """
        me = _get_ident()
        if self._holder == me:
            return False
        self._lock.acquire()
        self._holder = me
        return True

    def _leave(self) -> None:
        while self._inbox:
            self._inbox.popleft()()
            self._kick()
        upkeep = self._upkeep
        if upkeep.dead and not self._running and upkeep.bury(is_quiet=True):
            self._retire()
        after: Sequence[Callable[[], None]] = ()
        if self._after:
            # Never the list that others go on filling once the lock is released.
            after, self._after = self._after, []
        armed_at = self._armed_at
        if self._retired.multis:
            self._curl_at = min(self._curl_at, self._retired.wakes_at())
        must_arm = (
            self._curl_at < armed_at
            or self._watch_at < armed_at
            or upkeep.reap_at < armed_at
            or upkeep.janitor_at < armed_at
        ) and not self.is_closed
        if must_arm:
            armed_at = self._armed_at = min(
                self._curl_at, self._watch_at, upkeep.reap_at, upkeep.janitor_at
            )
        self._holder = 0
        self._lock.release()
        if must_arm:
            self._driver.arm(self, armed_at)
        for tell in after:
            tell()

    def _perform(self, act: Callable[[], None]) -> None:
        if not self._enter():
            self._inbox.append(act)
            return
        try:
            act()
            self._kick()
        finally:
            self._leave()

    # -- inside -------------------------------------------------------------------

    def _begin(self, transfer: Transfer) -> None:
        if self.is_closed:
            transfer.result_code = pycurl.E_FAILED_INIT
            transfer.message = "the session has been closed"
            self._after.append(transfer.did_finish)
            return
        if transfer.is_suspended:
            transfer.is_parked = True
            return
        multi = self._multi or self._open()
        handle = (
            self._spare.popleft()
            if self._spare
            else self._handles.take(self._open_socket)
        )
        transfer.handle = handle
        transfer.is_held = False
        handle.prepare(transfer)
        self._running[handle.curl] = handle
        multi.add_handle(handle.curl)
        self._is_curl_due = True
        now = transfer.begun_at = _monotonic()
        if transfer.started_at < 0:
            transfer.started_at = now
        limits = transfer.limits
        if limits is not None and now + limits.first_look_s < self._watch_at:
            self._watch_at = now + limits.first_look_s

    def _open(self) -> pycurl.CurlMulti:
        if self._poller is None:
            LIVE_POOLS.add(self)
            self._poller = self._driver.attach(self)
            self.epoll_fd = self._poller.fd
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._poller.socket_changed)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._timer_changed)
        multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, self._limits)
        multi.setopt(pycurl.M_MAXCONNECTS, _UNBOUNDED)
        self._multi = multi
        return multi

    def _kick(self) -> None:
        """Let libcurl do what it wanted to do at once."""
        if self._retired.multis:
            self._kick_retired()
        rounds = 0
        ends_at = 0.0
        has_given = False
        while self._is_curl_due and self._multi is not None and rounds < ROUNDS:
            self._is_curl_due = False
            self._curl_at = math.inf
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            rounds += 1
            if self._gathering.is_on and self._give_gathered():
                has_given = True
                break
            if self._is_curl_due:
                now = _monotonic()
                if rounds == 1:
                    ends_at = now + _SLICE_S
                elif now > ends_at:
                    break
        if rounds:
            self._collect()
        if self._is_curl_due:
            self._put_off(has_given=has_given)

    def _put_off(self, *, has_given: bool) -> None:
        """Let others have their turns before libcurl, which wants one at once.

        Those who were given something take it while it is in the processor's cache. If
        that is the thread that drives, it comes back, and no other need be woken.
        """
        is_back_soon = has_given and (self.leader or self.is_kept)
        self._curl_at = _monotonic() + _BACK_WITHIN_S if is_back_soon else 0.0

    def _kick_retired(self) -> None:
        if self._multi is None:
            self._is_curl_due = False
            self._curl_at = math.inf
        rounds = 1 if self._gathering.is_on else ROUNDS
        self._retired.run_timers(_monotonic() + SLACK_S, rounds)
        self._collect()

    def _take_events(self, events: Iterable[tuple[int, int]] | None) -> None:
        multi, poller = self._multi, self._poller
        assert poller is not None
        now = _monotonic()
        polled, retired = poller.polled, self._retired
        action = retired.act if multi is None else multi.socket_action
        writers = poller.writers
        has_acted = False
        running_count = len(self._running)
        for fd, bits in poller.events() if events is None else events:
            if writers and fd in writers:
                self._write(writers[fd])
                if bits == select.EPOLLOUT or fd not in polled:
                    continue
            if fd in polled:
                if bits & HANGUP:
                    self._note_peer_fin(fd, now)
                told = CURL_EVENTS[bits & 31] or pycurl.CSELECT_IN
                if not retired.multis or not retired.act(fd, told):
                    action(fd, told)
                has_acted = True
            else:
                self._upkeep.hear(poller, fd, bits, now)
        must_kick = not (has_acted and self._collect()) or self._curl_at <= 0.0
        if has_acted and len(self._running) == running_count:  # no small reply ended
            self._look_for_large()
        if self._armed_at <= now + SLACK_S:
            self._armed_at = math.inf
            self._take_timers(now + SLACK_S)
        if self._is_curl_due:
            if must_kick:
                self._kick()
            else:
                self._put_off(has_given=True)

    def _look_for_large(self) -> None:
        for handle in self._running.values():
            if len(handle.body) >= LARGE_PIECES:
                handle.collect_large()

    def _take_timers(self, now: float) -> None:
        if self._curl_at <= now:
            self._is_curl_due = True
        if self._watch_at <= now:
            self._look_for_stalls(now)
        upkeep, poller = self._upkeep, self._poller
        if (
            upkeep.reap_at <= now
            and poller is not None
            and upkeep.reap(poller, now, is_quiet=not self._running)
        ):
            self._retire()
        if upkeep.janitor_at <= now:
            upkeep.janitor_at = math.inf
            if upkeep.dead:
                self._begin(Janitor(self._swept))

    def _swept(self) -> None:
        """The janitor is through; what is left is for the next one."""
        self._perform(self._bury)

    def _bury(self) -> None:
        if self._upkeep.bury(is_quiet=not self._running):
            self._retire()

    def _collect(self) -> bool:
        """Take the transfers that have ended out of libcurl.

        Returns:
            Whether something was given to transfers whose bodies are gathered.
        """
        if self._unread.waiting:
            self._read_first()
        has_given = self._gathering.is_on and self._give_gathered()
        if self._pauses.asked and self._poller is not None:
            self._pauses.settle(self._poller)
        if self._retired.multis:
            self._retired.collect(self._finish)
        if self._multi is None:
            return has_given
        if self._pipe_wait.shaking and self._pipe_wait.settle(
            self._multi, self._running.values(), self.roster.by_fd
        ):
            self._is_curl_due = True
        _queued, succeeded, failed = self._multi.info_read()
        for curl in succeeded:
            self._finish(curl, 0, "")
        for curl, code, message in failed:
            self._finish(curl, code, message)
        return has_given

    def _give_gathered(self) -> bool:
        """Give what was gathered to its transfers; whether there was anything."""
        has_given, full = self._gathering.hand_over()
        for transfer in full:
            handle = transfer.handle
            if handle is None or self._poller is None:
                continue
            self._pauses.mark(self._poller, transfer)
            try:
                handle.curl.pause(pycurl.PAUSE_RECV)
            except pycurl.error:  # that was all of it: the run has ended
                self._pauses.unmark(self._poller, transfer, self._running.values())
        return has_given

    def _read_first(self) -> None:
        def act(fd: int, events: int) -> None:
            if not self._retired.act(fd, events) and self._multi is not None:
                self._multi.socket_action(fd, events)

        self._unread.settle(act)
        self._is_curl_due = True

    def _renew(self) -> None:
        multi, poller = self._multi, self._poller
        if multi is None or poller is None:
            return
        waiting: list[Transfer] = []
        for handle in list(self._running.values()):
            transfer = handle.transfer
            if (
                transfer is not None
                and handle.curl.getinfo(pycurl.CONN_ID) < 0
                and self._retired.multi_of(handle.curl) is None
            ):
                self._remove(transfer)
                if not isinstance(transfer, Janitor):
                    waiting.append(transfer)
        old = RetiredMulti(
            multi,
            poller,
            self.roster,
            [one for one in self._running if self._retired.multi_of(one) is None],
            self._retired.multis,
            wakes_at=0.0 if self._is_curl_due else self._curl_at,
        )
        self._multi, self._is_curl_due, self._curl_at = None, False, math.inf
        self._upkeep.clear()
        self._pipe_wait.clear()
        self._retired.add(old)
        for transfer in waiting:
            self._begin(transfer)

    def _write(
        self, transfer: Transfer, prepare: Callable[[], None] | None = None
    ) -> None:
        if prepare is not None:
            prepare()
        handle, poller = transfer.handle, self._poller
        if handle is None or poller is None or not transfer.is_duplex:
            return
        if transfer.is_suspended:
            return
        curl = handle.curl
        if not handle.is_detached:
            # `send` is for handles that only connect. Set from the start, libcurl
            # would not read; set now, it reads as before and lets us write.
            curl.setopt(pycurl.CONNECT_ONLY, 2)
            handle.is_detached = True
        if transfer.write_to(curl.send):
            if poller.writers:
                poller.end_write(transfer)
        else:
            fd = curl.getinfo(_ACTIVESOCKET)
            if fd not in poller.writers:
                poller.wait_to_write(fd, transfer)

    def _end(self, transfer: Transfer) -> None:
        handle = transfer.handle
        if handle is not None:
            curl = handle.curl
            handle.take_figures()
            connection = self.roster.by_fd.get(curl.getinfo(_ACTIVESOCKET))
            if connection is not None:
                transfer.connection = connection
                enter_run(self.roster, self._poller, connection, curl, has_failed=False)
                connection.bytes_sent += transfer.written_bytes
            self._remove(transfer)
        self._after.append(transfer.did_end)

    def _limit_time(self, transfer: Transfer, within_s: float) -> None:
        handle, now = transfer.handle, _monotonic()
        watch = None if handle is None else handle.observe(now)
        if watch is not None:
            watch.resource_deadline = min(watch.resource_deadline, now + within_s)
            self._watch_at = min(self._watch_at, watch.resource_deadline)

    def _finish(self, curl: pycurl.Curl, code: int, message: str) -> None:
        handle = self._running.pop(curl)
        transfer = handle.transfer
        multi = self._multi
        if self._retired.multis:
            multi = self._retired.multi_of(curl) or multi
        assert transfer is not None and multi is not None
        getinfo = curl.getinfo
        transfer.result_code = code
        transfer.status_code = getinfo(_RESPONSE_CODE)
        fd = getinfo(_ACTIVESOCKET)
        connection = self.roster.by_fd.get(fd)
        if code:
            _describe_failure(transfer, curl, message)
        is_let_go = connection is None
        if connection is None:
            connection = connection_let_go(
                self._retired.connections_of(multi, self.roster),
                handle,
                getinfo(pycurl.CONN_ID),
            )
        is_taken = transfer.takes_socket and self._give_socket(transfer, connection)
        if handle.is_detached:
            self._attach_again(handle)
        multi.remove_handle(curl)
        transfer.connection = connection
        if connection is not None and not is_taken:
            enter_run(
                self.roster,
                self._poller,
                connection,
                curl,
                has_failed=code != 0,
            )
            connection.last_used_by = transfer.call_site or connection.last_used_by
            if is_let_go:
                is_reset = code != 0 and transfer.os_errno == errno.ECONNRESET
                self._depart(connection, ClosedBy.RESET if is_reset else None)
            else:
                self._upkeep.note_use(connection, _monotonic())
        self._hand_over(handle, transfer, connection)
        if transfer.is_held and self._poller is not None:
            self._poller.held.discard(fd)
        handle.release()
        if len(self._spare) < _MAX_SPARE_HANDLES:
            self._spare.append(handle)
        else:
            handle.close()
        if self._retired.multis:
            self._retired.left(curl)
        self._after.append(transfer.did_finish)

    def _hand_over(
        self, handle: Handle, transfer: Transfer, connection: Connection | None
    ) -> None:
        """Give a transfer what its run has brought."""
        head, body = handle.head, handle.body
        transfer.head = head.copy()
        if not transfer.is_streaming:  # else it has kept what it wanted itself
            transfer.body = body[0] if len(body) == 1 else handle.take_body()
        transfer.handle = None
        if handle.opened:
            self._depart_losers(handle)
        if not handle.is_plain:
            if connection is not None:
                uploaded = handle.curl.getinfo(_SIZE_UPLOAD)
                connection.bytes_sent += uploaded + transfer.written_bytes
            handle.take_figures()

    def _depart_losers(self, handle: Handle) -> None:
        """Note what lost the race for the fastest address."""
        for opened in handle.opened:
            if opened.closed_at is None and not self.roster.is_alive(opened):
                self._depart(opened)

    def _take_socket(self, transfer: Transfer) -> bool:
        handle = transfer.handle
        if handle is None:
            return False
        if transfer.is_held and self._poller is not None:
            self._pauses.unmark(self._poller, transfer, self._running.values())
        try:
            # Hands over what was held back; nothing is read meanwhile.
            handle.curl.pause(pycurl.PAUSE_CONT)
        except pycurl.error as error:
            self._fail_one(transfer, error.args[0], str(error.args[1]))
            return False
        connection = self.roster.by_fd.get(handle.curl.getinfo(_ACTIVESOCKET))
        if not self._give_socket(transfer, connection):
            return False
        transfer.connection = connection
        handle.take_figures()
        if connection is not None:
            enter_handover(connection, handle.curl)
        self._remove(transfer)
        return True

    def _give_socket(self, transfer: Transfer, connection: Connection | None) -> bool:
        """Take a socket from libcurl, which closes only its own descriptor of it."""
        if connection is None or transfer.result_code:
            return False
        fd = connection.fd
        transfer.taken_fd = os.dup(fd)
        if self._poller is not None:
            # Before libcurl closes `fd`: epoll goes by the socket, which lives on.
            self._poller.polled.discard(fd)
            self._poller.held.discard(fd)
            self._poller.unregister(fd)
        del self.roster.by_fd[fd]
        connection.fd = transfer.taken_fd
        if connection.connected_at is None:
            self.roster.connected(connection, local_address(transfer.taken_fd))
        connection.is_in_use = True
        return True

    def _fail_all(self, error: Exception) -> None:
        for handle in list(self._running.values()):
            transfer = handle.transfer
            if transfer is not None:
                message = f"internal error: {error!r}"
                self._fail_one(transfer, pycurl.E_FAILED_INIT, message)

    def _fail_one(self, transfer: Transfer, result_code: int, message: str) -> None:
        self._remove(transfer)
        transfer.result_code = result_code
        transfer.message = message
        self._after.append(transfer.did_finish)

    def _remove(self, transfer: Transfer, by: ClosedBy | None = None) -> None:
        handle = transfer.handle
        if handle is None:
            return
        curl = handle.curl
        multi = self._retired.multi_of(curl) or self._multi
        if multi is None:
            return
        transfer.handle = None
        connection = self.roster.by_fd.get(curl.getinfo(_ACTIVESOCKET))
        if handle.is_detached:
            self._attach_again(handle)
        del self._running[curl]
        multi.remove_handle(curl)
        for opened in handle.opened:
            if not self.roster.is_alive(opened):
                self._depart(opened, by)
        if connection is not None and connection.closed_at is None:
            if not connection.is_secure or not self.roster.is_alive(connection):
                self._depart(connection, by)
            else:
                # HTTP/2 goes on without the stream; TLS under HTTP/1 is being shut
                # down by libcurl, which takes up to two seconds: look again then.
                if self._poller is not None:
                    self._poller.held.discard(connection.fd)
                self._upkeep.look_again_after_shutdown()
        handle.close()
        if self._retired.multis:
            self._retired.left(curl, by)

    def _attach_again(self, handle: Handle) -> None:
        """Have libcurl close a duplex transfer's connection as it does others."""
        handle.curl.setopt(pycurl.CONNECT_ONLY, 0)
        handle.is_detached = False
        if self._poller is not None and handle.transfer is not None:
            self._poller.end_write(handle.transfer)
            # It is on its way out: libcurl's last word must not make it idle.
            self._poller.held.add(handle.curl.getinfo(_ACTIVESOCKET))

    def _hold(self, transfer: Transfer) -> None:
        handle = transfer.handle
        if handle is not None:
            handle.observe(_monotonic())
        transfer.is_suspended = True
        if handle is None:  # between two runs: the next one waits for `_resume`
            return
        if handle.curl.getinfo(pycurl.CONN_ID) < 0:
            # Still waiting for a connection: libcurl cannot pause what has none.
            self._remove(transfer)
            transfer.is_parked = True
            return
        if self._poller is not None:
            self._poller.end_write(transfer)
            self._pauses.mark(self._poller, transfer)
        handle.curl.pause(pycurl.PAUSE_ALL)

    def _resume(self, transfer: Transfer) -> None:
        handle = transfer.handle
        if handle is not None:
            handle.observe(_monotonic())
        transfer.is_suspended = False
        if transfer.is_parked:
            transfer.is_parked = False
            self._begin(transfer)
        elif handle is not None and self._poller is not None:
            self._pauses.unmark(self._poller, transfer, self._running.values())
            try:
                handle.curl.pause(pycurl.PAUSE_CONT)
            except pycurl.error as error:
                self._fail_one(transfer, error.args[0], str(error.args[1]))
            self._is_curl_due = True

    def _take_again(self, transfer: Transfer) -> None:
        if not transfer.is_suspended:
            self._resume(transfer)

    # -- what libcurl tells, inside ----------------------------------------------

    def _open_socket(
        self, handle: Handle, family: int, kind: int, protocol: int, address: Any
    ) -> int:
        transfer = handle.transfer
        if transfer is None or isinstance(transfer, Janitor):
            return int(pycurl.SOCKET_BAD)
        for may_open in LEDGER.gates:
            if not may_open(self.roster.owner):
                return int(pycurl.SOCKET_BAD)
        try:
            fd = open_socket(family, kind, protocol, self._sockets_for(transfer))
        except OSError as error:
            transfer.os_errno = error.errno or 0
            return int(pycurl.SOCKET_BAD)
        if self._poller is not None:
            self._poller.forget(fd)
        is_inet = isinstance(address, tuple) and len(address) >= 2
        connection = self.roster.born(
            fd,
            (str(address[0]), int(address[1])) if is_inet else (str(address), 0),
            host=transfer.host,
            is_secure=transfer.is_secure or (transfer.proxy or "").startswith("https:"),
            call_site=transfer.call_site,
            proxy=transfer.proxy,
        )
        handle.opened.append(connection)
        self._retired.adopt(handle.curl, connection)
        if transfer.is_secure:
            self._pipe_wait.add(handle, transfer)
        return fd

    def _sockets_for(self, transfer: Transfer) -> SocketKind:
        if transfer.traffic_class is None:
            return self._sockets
        return self._sockets._replace(traffic_class=transfer.traffic_class)

    def _timer_changed(self, timeout_ms: int) -> None:
        if timeout_ms == 0:
            self._is_curl_due = True
        elif timeout_ms < 0:
            self._curl_at = math.inf
        else:
            self._curl_at = _monotonic() + timeout_ms / 1000

    # -- the ear, inside -----------------------------------------------------------

    def _note_peer_fin(self, fd: int, now: float) -> None:
        connection = self.roster.by_fd.get(fd)
        if connection is not None and connection.peer_fin_at is None:
            connection.peer_fin_at = now

    def _discard(self, connection: Connection) -> None:
        is_ours = self.roster.by_fd.get(connection.fd) is connection
        if self._poller is not None and is_ours:
            self._upkeep.drop(self._poller, connection)

    def _depart(self, connection: Connection, by: ClosedBy | None = None) -> None:
        if self._poller is not None:
            self._poller.held.discard(connection.fd)
        self.roster.departed(connection, by)

    # -- timers, inside -------------------------------------------------------------

    def _agree(self, at: float, act: Callable[[], None]) -> None:
        if not self.is_closed:
            self._calls.append((at, act))
            self._watch_at = min(self._watch_at, at)

    def _look_for_stalls(self, now: float) -> None:
        look_at = math.inf
        if self._calls:
            self._after += [act for at, act in self._calls if at <= now]
            self._calls = [one for one in self._calls if one[0] > now]
            look_at = min((at for at, _ in self._calls), default=look_at)
        for handle in list(self._running.values()):
            transfer = handle.transfer
            watch = handle.observe(now)
            if transfer is None or watch is None:
                continue
            if watch.is_expired(now):
                self._remove(transfer)
                self._after.append(transfer.did_time_out)
            else:
                look_at = min(look_at, watch.next_look(now))
        self._watch_at = look_at

    def _retire(self, by: ClosedBy = ClosedBy.LOCAL) -> None:
        """Close the multi handle, and all its connections; the next load makes one."""
        leaving = list(self.roster.by_fd.values())
        # Off the list first: libcurl polls a TLS socket once more to shut it down,
        # which is neither use nor rest of a connection.
        self.roster.by_fd.clear()
        if self._multi is not None:
            self._multi.close()
            self._multi = None
        for connection in leaving:
            self.roster.departed(connection, by)
        self._upkeep.clear()
        self._pipe_wait.clear()
        if self._poller is not None:
            self._poller.clear()
        self._is_curl_due = False
        self._curl_at = math.inf

    def _close(self, by: ClosedBy) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._calls.clear()
        self._driver.rouse(self)
        for handle in list(self._running.values()):
            if handle.transfer is not None:
                self._remove(handle.transfer, by)
        self._retire(by)
        for handle in self._spare:
            self._handles.give_back(handle)
        self._spare.clear()
        self._watch_at = math.inf
        LIVE_POOLS.discard(self)
        poller, self._poller = self._poller, None
        if poller is not None:
            self._after.append(partial(self._driver.detach, self, poller))


def _describe_failure(transfer: Transfer, curl: pycurl.Curl, message: str) -> None:
    transfer.message = message
    transfer.os_errno = curl.getinfo(pycurl.OS_ERRNO)
    transfer.verify_result = curl.getinfo(pycurl.SSL_VERIFYRESULT) or curl.getinfo(
        pycurl.PROXY_SSL_VERIFYRESULT
    )


_IMMORTAL: list[object] = []
