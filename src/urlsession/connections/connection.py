"""What a connection is: one socket, from connect to close.

Decides the vocabulary that the client and the observer share: the states, who
closed, and the facts kept for each connection. Knows nothing of libcurl, of
sockets or of clocks: times are monotonic seconds that the writer hands in.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import weakref

    from .callsite import CallSite

__all__ = (
    "Address",
    "ClosedBy",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "Owner",
)

Address = tuple[str, int]
"""(host, port) of one end of a connection, numeric host."""


class ConnectionState(enum.Enum):
    """Where a connection stands; derived from its facts, never stored."""

    CONNECTING = "connecting"
    ACTIVE = "active"
    IDLE = "idle"
    CLOSED = "closed"


class ClosedBy(enum.Enum):
    """Who ended a connection first."""

    LOCAL = "local"
    PEER = "peer"
    RESET = "reset"
    EXIT = "exit"


class ConnectionEvent(enum.Enum):
    """What a listener is told of a connection."""

    OPENED = "opened"
    REUSED = "reused"
    IDLE = "idle"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The object that a user would close to close a connection.

    Attributes:
        type: Qualified type name, for instance ``urlsession.URLSession``.
        ref: Weak reference to the owner; calling it gives None once it is freed.
        made_at: The user's line that made the owner.
        description: The owner's own label (``session_description``), if it has one.
        made_at_s: When it was made, in monotonic seconds; None if that is not known.
    """

    type: str
    ref: weakref.ref[object]
    made_at: CallSite | None
    description: str | None = None
    made_at_s: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """The facts of one connection. The engine writes them; everybody else reads.

    Attributes:
        id: Serial number, unique in this process and never used again.
        fd: Descriptor while open. Numbers are reused at once: identity is `inode`.
        inode: The socket's inode, as ``/proc/PID/fd`` and the network tables show it.
        host: Host name asked for (not the address).
        remote: Address of the peer.
        local: Own address; None until connected.
        protocol: ALPN id (``http/1.1``, ``h2``, ``h3``); None until known.
        is_secure: Whether TLS is spoken.
        opened_at: When the socket was made, in monotonic seconds.
        connected_at: When TCP was established; None before.
        last_used_at: When a transaction last began or ended on it.
        closed_at: When it was closed; None while open.
        closed_by: Who closed first; None while open.
        peer_fin_at: When the peer's FIN was seen; None if it never was.
        fin_sent_at: When we closed our sending side; None if we never did.
        is_in_use: Whether a transaction uses it now (several may on HTTP/2).
        loads: Transactions finished on it.
        bytes_sent: Bytes of HTTP sent, heads and bodies.
        bytes_received: Bytes of HTTP received, heads and bodies.
        opened_by: The user's line whose task opened it (captured under watch only).
        last_used_by: The user's line whose load ended on it last (likewise).
        owner: The session.
        curl_id: libcurl's number for it; -1 until known.
        tls: Version of TLS and cipher suite in OpenSSL's names (``TLSv1.3``,
            ``TLS_AES_256_GCM_SHA384``); None without TLS, or until known.
        was_polled: Whether libcurl has waited for it since the last load ended.
        proxy: URL of the proxy that `remote` is, without credentials; None if the
            peer is the host itself. One that the environment names is known when
            the first load on it has ended.
    """

    id: int
    fd: int
    inode: int
    host: str
    remote: Address
    is_secure: bool
    opened_at: float
    last_used_at: float
    owner: Owner
    opened_by: CallSite | None = None
    last_used_by: CallSite | None = None
    local: Address | None = None
    protocol: str | None = None
    connected_at: float | None = None
    closed_at: float | None = None
    closed_by: ClosedBy | None = None
    peer_fin_at: float | None = None
    fin_sent_at: float | None = None
    is_in_use: bool = False
    loads: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    proxy: str | None = None
    tls: tuple[str, str] | None = None
    curl_id: int = field(default=-1, repr=False)
    was_polled: bool = field(default=False, repr=False)

    @property
    def state(self) -> ConnectionState:
        """Where this connection stands now."""
        if self.closed_at is not None:
            return ConnectionState.CLOSED
        if self.connected_at is None:
            return ConnectionState.CONNECTING
        if self.is_in_use:
            return ConnectionState.ACTIVE
        return ConnectionState.IDLE
