"""The interface by which the observer learns of one library's connections.

An adapter is one small file per library: how to get from the library's objects (or
from the kernel's sockets) to connections and owners, whether a connection is
checked out, and whether an owner was closed. Our own client is read through the
same interface as any other library. A third party adds an adapter by an entry point
of the group ``urlsession.adapters`` that names a callable without arguments which
returns an `Adapter`:

    [project.entry-points."urlsession.adapters"]
    mylib = "mylib.watching:MyLibAdapter"

An adapter holds what it observes by weak reference only, and is called by the
observer behind a guard: what it raises becomes a line of the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from ..connections import Address, CallSite, ClosedBy, ConnectionEvent, Owner
    from .kernel import KernelSnapshot

__all__ = (
    "Adapter",
    "OwnerState",
    "Sighting",
    "Sink",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What an adapter knows of one connection at one moment.

    Only what is known: None stands for unknown, and the observer fills in what the
    kernel can tell (state, descriptor, addresses). Times are monotonic seconds.

    Attributes:
        key: The adapter's own identity of the connection, never used twice.
        inode: The socket's inode: the identity that the kernel shares.
        is_checked_out: Whether a transaction or a lease uses it now.
        has_unread_body: Whether a response on it still waits to be read.
        requests: Loads served.
        owner: The object that the user would close, by weak reference.
        is_owner_closed: Whether the owner was closed, when the adapter recorded it
            while the owner lived; None leaves the question to `owner_state`.
    """

    key: Hashable
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
    is_checked_out: bool = False
    has_unread_body: bool | None = None
    requests: int = 0
    bytes_sent: int | None = None
    bytes_received: int | None = None
    owner: Owner | None = None
    is_owner_closed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerState:
    """What an adapter knows of an owner that is alive.

    Attributes:
        is_closed: Whether the user closed it properly; None if that cannot be told.
        is_exempt: Whether it is meant to live as long as the process (a shared
            singleton): never a leak.
        closing: How one closes it, as source: ``session.invalidate_and_cancel()``.
        noun: What to call it in a sentence (``session``, ``client``).
        closed_word: What one has done to it after that (``closed``, ``invalidated``).
        description: Its own label, if the program gave it one since it was made.
    """

    is_closed: bool | None
    is_exempt: bool = False
    closing: str = "close()"
    noun: str = "client"
    closed_word: str = "closed"
    description: str | None = None


class Sink(Protocol):
    """Where an adapter with hooks tells what happens when it happens.

    Quick, safe on any thread, and never raises.
    """

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        """Tell of a connection's event.

        For a close: call it after the descriptor is closed, so that the kernel's
        state shows who sent FIN first.
        """

    def problem(self, text: str) -> None:
        """Put a line into the report: something could not be observed."""


@runtime_checkable
class Adapter(Protocol):
    """One library, as the observer sees it.

    The order of calls is `start`, then `sightings` and `owner_state` any number of
    times and on any thread, then `stop`; after it the library must be as it was.
    """

    @property
    def name(self) -> str:
        """The library's name, as the report shows it."""

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of the library: it takes part once one of them is imported."""

    @property
    def internals(self) -> tuple[str, ...]:
        """Module prefixes that heap paths fold, since no user can act on them."""

    def start(self, sink: Sink) -> None:
        """Begin to observe: set hooks, remember what will be asked for later."""

    def stop(self) -> None:
        """Undo `start`."""

    def sightings(self, kernel: KernelSnapshot) -> Iterable[Sighting]:
        """Return every connection it knows of, open or remembered as closed.

        Args:
            kernel: The process's open sockets by inode, for adapters that start from
                the socket; one that keeps a book of its own need not look at it.
        """

    def owner_state(self, owner: object) -> OwnerState:
        """Return what is known of a live owner that one of its sightings named."""
