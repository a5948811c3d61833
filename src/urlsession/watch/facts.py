"""The facts of one connection, as the rules and the report use them.

Values only: nothing here refers to an object of the observed program. Times are
monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..connections import Address, CallSite, ClosedBy

__all__ = ("ConnectionFacts", "OwnerFacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFacts:
    """What is known of the object that a user would close.

    Attributes:
        type: Qualified type name, for instance ``urlsession.URLSession``.
        made_at: The user's line that made it.
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
        path: Heap path that holds it, root first.
        root: The kind of `path`'s beginning (see `heap.RootKind`), as a word.
    """

    type: str
    made_at: CallSite | None = None
    description: str | None = None
    is_alive: bool = True
    is_reachable: bool | None = True
    is_closed: bool | None = False
    is_exempt: bool = False
    closing: str = "close()"
    noun: str = "owner"
    closed_word: str = "closed"
    path: tuple[str, ...] = ()
    root: str = ""

    @property
    def short_type(self) -> str:
        """The type's name without its module."""
        return self.type.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """What is known of one connection.

    Attributes:
        id: Serial number given by the observer, in the order of `opened_at`.
        library: Name of the adapter that knows the connection.
        kernel_state: TCP state by the kernel now (``ESTABLISHED`` …, ``CLOSED``
            when the kernel has forgotten it); None if it cannot be asked.
        state_at_close: TCP state seen just after the close: the proof of who was first.
        is_checked_out: Whether a transaction or a lease uses it now.
        has_unread_body: Whether a response on it waits to be read; None if unknown.
        requests: Loads served.
    """

    id: int
    library: str
    inode: int
    host: str
    remote: Address
    opened_at: float
    local: Address | None = None
    protocol: str | None = None
    opened_by: CallSite | None = None
    last_used_at: float | None = None
    closed_at: float | None = None
    closed_by: ClosedBy | None = None
    fin_sent_at: float | None = None
    peer_fin_at: float | None = None
    kernel_state: str | None = None
    state_at_close: str | None = None
    is_checked_out: bool = False
    has_unread_body: bool | None = None
    requests: int = 0
    bytes_sent: int | None = None
    bytes_received: int | None = None
    owner: OwnerFacts | None = None

    @property
    def is_open(self) -> bool:
        """Whether the process still has the socket."""
        return self.closed_at is None

    def idle_s(self, now: float) -> float | None:
        """Seconds since the last use; None while in use and after the close."""
        if not self.is_open or self.is_checked_out:
            return None
        last = self.opened_at if self.last_used_at is None else self.last_used_at
        return max(0.0, now - last)
