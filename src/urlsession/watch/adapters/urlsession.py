"""Our own client, read like any other library: from its ledger.

Knows of a session only what is public on it (`is_invalidated`, `is_shared`) and
never imports the client, so that watching does not load libcurl.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ...connections import LEDGER, ClosedBy, ConnectionState
from ..adapter import OwnerState, Sighting
from ..capture.kernel import has_inodes, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...connections import Connection, ConnectionEvent, Ledger
    from ..adapter import Sink
    from ..capture.kernel import KernelSnapshot

__all__ = ("URLSessionAdapter",)

REMEMBERED = 4096  # closed connections kept for the report; some 0.5 KiB each


class URLSessionAdapter:
    """Reads a ledger of connections; the process's own one unless told another."""

    name = "urlsession"
    modules = ("urlsession.connections",)
    internals = ("urlsession",)

    def __init__(self, ledger: Ledger = LEDGER) -> None:
        self._ledger = ledger
        self._sink: Sink | None = None
        self._traced_before = False
        # Whether the owner was closed properly, noted at the close: later it may be
        # gone, and a dropped session must not look like an invalidated one.
        self._closed_owners: OrderedDict[int, bool] = OrderedDict()
        # What identifies a socket where the ledger's inode does not, by connection.
        self._numbers: OrderedDict[int, int] = OrderedDict()

    def start(self, sink: Sink) -> None:
        """Listen to the ledger, and have tasks note the line that made them."""
        self._sink = sink
        self._traced_before = self._ledger.traces_call_sites
        self._ledger.traces_call_sites = True
        self._ledger.remember(REMEMBERED)
        self._ledger.add_listener(self._heard, closes_only=True)

    def stop(self) -> None:
        """Stop listening; the closed connections stay remembered."""
        self._ledger.remove_listener(self._heard)
        self._ledger.traces_call_sites = self._traced_before
        self._sink = None

    def sightings(self, kernel: KernelSnapshot) -> Iterator[Sighting]:  # noqa: ARG002 - the ledger is complete
        """Return the ledger's connections."""
        for one in self._ledger.closed_connections():
            yield self._sight(one)
        for one in self._ledger.open_connections():
            yield self._sight(one)

    def has_open(self, inode: int) -> bool:
        """Whether the ledger has a socket open, so that nobody need guess."""
        return any(
            self._identity(one) == inode for one in self._ledger.open_connections()
        )

    def owner_state(self, owner: object) -> OwnerState:
        """Return whether a session was invalidated, and how one does that."""
        return OwnerState(
            is_closed=bool(getattr(owner, "is_invalidated", False)),
            is_exempt=bool(getattr(owner, "is_shared", False)),
            closing="finish_tasks_and_invalidate() or invalidate_and_cancel()",
            noun="session",
            closed_word="invalidated",
            description=getattr(owner, "session_description", None),
        )

    def _heard(self, event: ConnectionEvent, connection: Connection) -> None:
        self._note_owner(connection)
        sink = self._sink
        if sink is not None and connection.closed_by is not ClosedBy.EXIT:
            inode = self._identity(connection)
            sink.note(event, inode, connection.local, connection.remote)

    def _identity(self, one: Connection) -> int:
        if has_inodes():
            return one.inode
        known = self._numbers.get(one.id)
        if known is not None:
            return known
        try:
            number = -one.id if one.closed_at is not None else identity(one.fd)
        except OSError:
            return -one.id
        self._numbers[one.id] = number
        while len(self._numbers) > 2 * REMEMBERED:
            self._numbers.popitem(last=False)
        return number

    def _note_owner(self, connection: Connection) -> None:
        owner = connection.owner.ref()
        # A session that is gone by now was dropped: its finalizer closed the pool.
        is_closed = bool(getattr(owner, "is_invalidated", False))
        self._closed_owners[connection.id] = is_closed
        while len(self._closed_owners) > REMEMBERED:
            self._closed_owners.popitem(last=False)

    def _sight(self, one: Connection) -> Sighting:
        return Sighting(
            key=one.id,
            inode=self._identity(one),
            host=one.host,
            remote=one.remote,
            proxy=one.proxy,
            local=one.local,
            protocol=one.protocol,
            opened_at=one.opened_at,
            opened_by=one.opened_by,
            last_used_at=one.last_used_at,
            last_used_by=one.last_used_by,
            closed_at=one.closed_at,
            closed_by=one.closed_by,
            fin_sent_at=one.fin_sent_at,
            peer_fin_at=one.peer_fin_at,
            is_checked_out=one.state is ConnectionState.ACTIVE,
            requests=one.loads,
            bytes_sent=one.bytes_sent,
            bytes_received=one.bytes_received,
            owner=one.owner,
            is_owner_closed=self._closed_owners.get(one.id),
        )
