"""The connections of one pool, by descriptor, and what the ledger is told of them.

libcurl says when it wants a socket and when it starts and stops polling one, but
not when it closes one. So a close is noticed by what follows from it: the active
socket of a finished transfer is gone, or the inode behind a descriptor changed.

Everything here runs under the pool's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..connections import LEDGER, ClosedBy, Connection, ConnectionEvent
from .sockets import inode_of

if TYPE_CHECKING:
    from ..connections import Address, CallSite, Listener, Owner

__all__ = ("Roster",)


class Roster:
    """The live connections of one pool.

    Attributes:
        by_fd: Live connections; descriptors are unique among live ones.
        listeners: Told of each event, after the ledger's own.
        owner: Whose connections these are.
    """

    __slots__ = ("_clock", "by_fd", "listeners", "owner")

    def __init__(self, owner: Owner, clock: Callable[[], float]) -> None:
        self.by_fd: dict[int, Connection] = {}
        self.listeners: tuple[Listener, ...] = ()
        self.owner = owner
        self._clock = clock

    def born(
        self,
        fd: int,
        remote: tuple[str, int],
        *,
        host: str,
        is_secure: bool,
        call_site: CallSite | None,
        proxy: str | None = None,
    ) -> Connection:
        """Enter a socket that has just been made."""
        stale = self.by_fd.get(fd)
        if stale is not None:  # libcurl closed it unseen and the number came back
            self.departed(stale)
        now = self._clock()
        connection = Connection(
            id=LEDGER.next_id(),
            fd=fd,
            inode=inode_of(fd),
            host=host,
            remote=remote,
            is_secure=is_secure,
            opened_at=now,
            last_used_at=now,
            owner=self.owner,
            opened_by=call_site,
            proxy=proxy,
        )
        self.by_fd[fd] = connection
        LEDGER.add(connection)
        return connection

    def connected(self, connection: Connection, local: Address | None) -> None:
        """Note that TCP was established."""
        connection.connected_at = self._clock()
        connection.local = local
        self.tell(ConnectionEvent.OPENED, connection)

    def departed(self, connection: Connection, by: ClosedBy | None = None) -> None:
        """Note that a connection is closed, by whoever sent FIN first."""
        if self.by_fd.get(connection.fd) is connection:
            del self.by_fd[connection.fd]
        now = self._clock()
        if by is None:
            by = ClosedBy.PEER if connection.peer_fin_at is not None else ClosedBy.LOCAL
        if connection.fin_sent_at is None and by is not ClosedBy.RESET:
            connection.fin_sent_at = now
        was_open = LEDGER.close(connection, by, now)
        if was_open and connection.connected_at is not None:
            self.tell(ConnectionEvent.CLOSED, connection)

    def is_alive(self, connection: Connection) -> bool:
        """Whether the descriptor still is this connection's socket."""
        return inode_of(connection.fd) == connection.inode

    def audit(self) -> None:
        """Note every connection that libcurl has closed unseen."""
        for connection in list(self.by_fd.values()):
            if not self.is_alive(connection):
                self.departed(connection)

    def idle(self) -> list[Connection]:
        """Return the connections that no transaction uses."""
        return [
            one
            for one in self.by_fd.values()
            if not one.is_in_use and one.connected_at is not None
        ]

    def tell(self, event: ConnectionEvent, connection: Connection) -> None:
        """Pass an event to the ledger's listeners and to the pool's."""
        if LEDGER.listeners or event is ConnectionEvent.CLOSED:
            LEDGER.tell(event, connection)
        for listener in self.listeners:
            try:
                listener(event, connection)
            except Exception:  # a listener observes, it must not disturb
                continue
