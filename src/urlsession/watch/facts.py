"""The facts of one connection, as the rules and the report use them.

Values only: nothing here refers to an object of the observed program. Times are
monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..connections import Address, CallSite, ClosedBy

__all__ = ("ConnectionBasics", "ConnectionFacts", "OwnerFacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBasics:
    """What any source may know of one connection; None stands for unknown.

    Attributes:
        inode: The socket's inode: the identity that the kernel shares.
        host: Host name asked for (not the address).
        remote: Address of the peer; the proxy's if there is one.
        proxy: The proxy that `remote` is: its URL, or ``host:port``.
        local: Own address.
        protocol: ALPN id (``http/1.1``, ``h2`` …).
        opened_at: When the socket began to connect.
        opened_by: The user's line that led to the connection.
        last_used_at: When a transaction last began, went on or ended on it.
        last_used_by: The user's line that used it last.
        thread: Name of the thread that opened it.
        task: Name of the asyncio task that opened it.
        closed_at: When it was closed; None while open.
        closed_by: Who closed first; None while open.
        fin_sent_at: When our side sent FIN.
        peer_fin_at: When the peer's FIN came.
        is_checked_out: Whether a transaction or a lease uses it now.
        has_unread_body: Whether a response on it still waits to be read.
        requests: Loads served.
        bytes_sent: Bytes sent; the kernel's count has TLS records in it.
        bytes_received: Bytes received, likewise.
    """

    inode: int
    host: str | None = None
    remote: Address | None = None
    proxy: str | None = None
    local: Address | None = None
    protocol: str | None = None
    opened_at: float | None = None
    opened_by: CallSite | None = None
    last_used_at: float | None = None
    last_used_by: CallSite | None = None
    thread: str | None = None
    task: str | None = None
    closed_at: float | None = None
    closed_by: ClosedBy | None = None
    fin_sent_at: float | None = None
    peer_fin_at: float | None = None
    is_checked_out: bool | None = None
    has_unread_body: bool | None = None
    requests: int | None = None
    bytes_sent: int | None = None
    bytes_received: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFacts:
    """What is known of the object that a user would close.

    Attributes:
        type: Qualified type name, for instance ``urlsession.URLSession``.
        made_at: The user's line that made it.
        made_at_s: When that was, in monotonic seconds.
        description: Its own label, if it has one.
        is_alive: Whether the object still exists.
        is_reachable: Whether something that the user can name leads to it; None if
            the search was not made or did not finish.
        is_closed: Whether it was closed (invalidated); None if that is not known.
        is_exempt: Whether it lives as long as the process by design (a shared
            singleton).
        closing: How one closes it, as source (``session.invalidate_and_cancel()``).
        noun: What to call it in a sentence (``session``, ``client``).
        closed_word: What one has done to it after that (``closed``, ``invalidated``).
        has_block: Whether it can be used in a ``with`` block.
        closes_at_once: Whether its connections are closed when its closing returns.
        inner_type: The session inside it that has the connections, where the owner is
            the client of an SDK around that session.
        path: Heap path that holds it, root first.
        root: The kind of `path`'s beginning (see `heap.RootKind`), as a word.
    """

    type: str
    made_at: CallSite | None = None
    made_at_s: float | None = None
    description: str | None = None
    is_alive: bool = True
    is_reachable: bool | None = True
    is_closed: bool | None = False
    is_exempt: bool = False
    closing: str = "close()"
    noun: str = "owner"
    closed_word: str = "closed"
    has_block: bool = True
    closes_at_once: bool = False
    inner_type: str = ""
    path: tuple[str, ...] = ()
    root: str = ""

    @property
    def short_type(self) -> str:
        """The type's name without its module."""
        return self.type.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts(ConnectionBasics):
    """What is known of one connection, all sources put together.

    Attributes:
        id: Serial number given by the observer, in the order of `opened_at`.
        pid: The process that has the connection; 0 for the reporting one.
        library: Name of the adapter that knows the connection.
        is_inferred: Whether the line and the owner were inferred from what ran when
            the socket appeared, not seen when it was made: weaker evidence.
        kernel_state: TCP state by the kernel now (``ESTABLISHED`` …, ``CLOSED``
            when the kernel has forgotten it); None if it cannot be asked.
        state_at_close: TCP state seen just after the close: the proof of who was first.
        unread_bytes: Bytes that wait in the kernel's receive queue; None if unknown.
        held_by: Heap path of what keeps the connection where that is not its owner's
            (an unread response, a socket whose owner is gone), root first.
    """

    id: int
    library: str
    host: str
    remote: Address
    opened_at: float
    is_checked_out: bool = False
    requests: int = 0
    pid: int = 0
    is_inferred: bool = False
    kernel_state: str | None = None
    state_at_close: str | None = None
    unread_bytes: int | None = None
    held_by: tuple[str, ...] = ()
    owner: OwnerFacts | None = None

    @property
    def where(self) -> str:
        """Where it leads: the host asked for with its port, or with the proxy."""
        if self.proxy is not None:
            return f"{self.host} through {self.proxy}"
        return f"{self.host}:{self.remote[1]}"

    @property
    def is_open(self) -> bool:
        """Whether the process still has the socket."""
        return self.closed_at is None

    @property
    def path(self) -> tuple[str, ...]:
        """The heap path to act on: what keeps the connection, root first."""
        if self.held_by:
            return self.held_by
        return self.owner.path if self.owner else ()

    def idle_s(self, now: float) -> float | None:
        """Seconds since the last use; None while in use and after the close."""
        if not self.is_open or self.is_checked_out:
            return None
        return self.quiet_s(now)

    def quiet_s(self, now: float) -> float:
        """Seconds since anything last went over it, in use or not."""
        last = self.opened_at if self.last_used_at is None else self.last_used_at
        return max(0.0, now - last)
