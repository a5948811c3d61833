"""The care of connections that no transfer uses.

The *ear* hears a peer's FIN on them, the *reaper* closes what has been idle for too
long, and the *janitor* sees that the descriptors of dead connections get closed.
Decides none of the rules (`reaper` does) and must not know of running transfers,
except that there are some or none.

Everything here runs under the pool's lock.
"""

from __future__ import annotations

import math
import select
import time
from typing import TYPE_CHECKING

from ..connections import ClosedBy, Connection
from .janitor import JANITOR_INTERVAL_S
from .poller import GONE, Poller
from .reaper import plan_reaping
from .sockets import send_fin

if TYPE_CHECKING:
    from .reaper import ReapPolicy
    from .roster import Roster

__all__ = ("Upkeep",)

TLS_SHUTDOWN_S = 2.1  # libcurl waits two seconds for a peer's close_notify


class Upkeep:
    """The idle and the dead connections of one pool.

    Args:
        roster: The pool's connections.
        policy: How long they may be kept.

    Attributes:
        dead: Connections that have their FIN, and whose descriptor libcurl still holds.
        reap_at: When to reap, in monotonic seconds.
        janitor_at: When to send the janitor.
    """

    __slots__ = ("_roster", "dead", "janitor_at", "policy", "reap_at")

    def __init__(self, roster: Roster, policy: ReapPolicy) -> None:
        self.dead: list[Connection] = []
        self.reap_at = math.inf
        self.janitor_at = math.inf
        self._roster = roster
        self.policy = policy

    def note_use(self, connection: Connection, now: float) -> None:
        """A transfer has ended on a connection that stays open."""
        connection.last_used_at = now
        policy = self.policy
        reap_at = now + policy.idle_timeout_s
        if policy.maximum_lifetime_s < reap_at - connection.opened_at:
            reap_at = connection.opened_at + policy.maximum_lifetime_s
        if reap_at < self.reap_at:
            self.reap_at = reap_at

    def look_again_after_shutdown(self) -> None:
        """A TLS connection may be on its way out: see about it when it must be gone."""
        self.reap_at = min(self.reap_at, time.monotonic() + TLS_SHUTDOWN_S)

    def hear(self, poller: Poller, fd: int, events: int, now: float) -> None:
        """Something happened on a descriptor that libcurl does not poll."""
        connection = self._roster.by_fd.get(fd)
        if connection is None or connection.is_in_use:
            poller.unregister(fd)  # an alarm; or a paused transfer's
        elif events & GONE:
            connection.peer_fin_at = now
            is_reset = bool(events & select.EPOLLERR)
            by = ClosedBy.RESET if is_reset else ClosedBy.PEER
            self._drop(poller, connection, by, now)
        else:
            poller.listen_for_fin_only(fd)  # HTTP/2 frames, TLS tickets

    def reap(self, poller: Poller, now: float, *, is_quiet: bool) -> bool:
        """Close what has expired.

        Args:
            poller: Where the connections are registered.
            now: Monotonic seconds.
            is_quiet: Whether no transfer runs.

        Returns:
            Whether the pool's multi handle should be closed: that is all there is.
        """
        self._roster.audit()
        plan = plan_reaping(self._roster.idle(), self.policy, now)
        self.reap_at = plan.next_at
        if not plan.expired:
            return False
        if is_quiet and len(plan.expired) == len(self._roster.by_fd):
            return True
        for connection in plan.expired:
            self._drop(poller, connection, ClosedBy.LOCAL, now)
        return False

    def drop(self, poller: Poller, connection: Connection) -> None:
        """Close one connection now, if it is idle."""
        if not connection.is_in_use and self._roster.is_alive(connection):
            self._drop(poller, connection, ClosedBy.LOCAL, time.monotonic())

    def bury(self, *, is_quiet: bool) -> bool:
        """See that the descriptors of dead connections get closed.

        Args:
            is_quiet: Whether no transfer runs.

        Returns:
            Whether the pool's multi handle should be closed: only dead ones are left.
        """
        self.dead = [one for one in self.dead if self._roster.is_alive(one)]
        if not self.dead:
            return False
        if is_quiet and not self._roster.by_fd:
            return True
        if self.janitor_at == math.inf:
            self.janitor_at = time.monotonic() + JANITOR_INTERVAL_S
        return False

    def clear(self) -> None:
        """Every connection has been closed."""
        self.dead.clear()
        self.reap_at = self.janitor_at = math.inf

    def _drop(
        self, poller: Poller, connection: Connection, by: ClosedBy, now: float
    ) -> None:
        """Send FIN on an idle connection; libcurl closes the descriptor later."""
        poller.unregister(connection.fd)
        send_fin(connection.fd)
        connection.fin_sent_at = now
        self._roster.departed(connection, by)
        self.dead.append(connection)
        self.janitor_at = min(self.janitor_at, now + JANITOR_INTERVAL_S)
