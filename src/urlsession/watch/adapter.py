"""The interface by which the observer learns of one library's connections.

An adapter is one small file per library: which of its objects a user would close,
how to get from them to their sockets, whether a connection is checked out. Most
libraries use Python's sockets, and those the observer sees by itself: such an adapter
names the library's owner types and no more. Our own client is read through the same
interface as any other library. A third party adds an adapter by an entry point of
the group ``urlsession.adapters`` that names a callable without arguments which
returns an `Adapter`:

    [project.entry-points."urlsession.adapters"]
    mylib = "mylib.watching:MyLibAdapter"

An adapter holds what it observes by weak reference only, and is called by the
observer behind a guard: what it raises becomes a line of the report.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .facts import ConnectionBasics

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Hashable, Iterable
    from types import ModuleType

    from ..connections import Address, CallSite, ConnectionEvent
    from .capture.kernel import KernelSnapshot

__all__ = (
    "Adapter",
    "LibraryAdapter",
    "OwnerLike",
    "OwnerState",
    "Sighting",
    "Sink",
    "merge",
)


class OwnerLike(Protocol):
    """What is remembered of an owner; it is held by weak reference."""

    @property
    def type(self) -> str:
        """Qualified type name."""

    @property
    def ref(self) -> weakref.ref[object]:
        """Weak reference to the owner."""

    @property
    def made_at(self) -> CallSite | None:
        """The user's line that made it."""

    @property
    def made_at_s(self) -> float | None:
        """When it was made, in monotonic seconds."""

    @property
    def description(self) -> str | None:
        """Its own label, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting(ConnectionBasics):
    """What one source knows of one connection at one moment.

    Only what is known: None stands for unknown. What several sources know of the same
    inode is put together, the adapters' word before the observer's own, and the
    kernel fills in the rest (state, addresses, bytes, last use). Times are monotonic
    seconds.

    Attributes:
        key: The source's own identity of the connection, never used twice; by default
            the inode.
        state_at_close: TCP state seen just after the close.
        owner: The object that the user would close, by weak reference.
        is_owner_closed: Whether the owner was closed, when the adapter recorded it
            while the owner lived; None leaves the question to `owner_state`.
        subject: What keeps the connection, where that is not the owner: the response
            that was not read, the socket whose owner is gone. The heap is searched
            for its holder.
        is_inferred: Whether line and owner are inferred from what ran when the socket
            appeared: weaker evidence.
    """

    key: Hashable = None
    state_at_close: str | None = None
    owner: OwnerLike | None = None
    is_owner_closed: bool | None = None
    subject: weakref.ref[object] | None = None
    is_inferred: bool | None = None


_SIGHTING_FIELDS = tuple(one.name for one in fields(Sighting))


def merge(first: Sighting, second: Sighting) -> Sighting:
    """Return what two sources know of one connection; the first is believed."""
    known: dict[str, Any] = {}
    for name in _SIGHTING_FIELDS:
        value = getattr(first, name)
        known[name] = getattr(second, name) if value is None else value
    return Sighting(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerState:
    """What an adapter knows of an owner that is alive.

    Attributes:
        is_closed: Whether the user closed it properly; None if that cannot be told
            (then a call of a closing method that the observer saw decides).
        is_exempt: Whether it is meant to live as long as the process (a shared
            singleton): never a leak.
        closing: How one closes it, as source: ``session.invalidate_and_cancel()``.
        noun: What to call it in a sentence (``session``, ``client``).
        closed_word: What one has done to it after that (``closed``, ``invalidated``).
        has_block: Whether it can be used in a ``with`` block.
        closes_at_once: Whether its connections are closed when its closing returns, so
            that one that is open afterwards escaped it.
        description: Its own label, if the program gave it one since it was made.
    """

    is_closed: bool | None
    is_exempt: bool = False
    closing: str = "close()"
    noun: str = "client"
    closed_word: str = "closed"
    has_block: bool = True
    closes_at_once: bool = False
    description: str | None = None


class Sink(Protocol):
    """What the observer offers an adapter: where to set hooks, and whom to tell.

    Every method is quick, safe on any thread, and never raises into a hook.
    """

    def note(
        self,
        event: ConnectionEvent,
        inode: int,
        local: Address | None,
        remote: Address,
    ) -> None:
        """Tell of a connection's event, for an adapter that keeps a book of its own.

        For a close: call it after the descriptor is closed, so that the kernel's
        state shows who sent FIN first.
        """

    def problem(self, text: str) -> None:
        """Put a line into the report: something could not be observed."""

    def when_imported(self, name: str, tell: Callable[[ModuleType], None]) -> None:
        """Call `tell` with a module now if it is loaded, else once it is imported."""

    def looks(self, module: str) -> None:
        """Tell that a module is in use that makes sockets in C or Rust.

        From now on the kernel's list is looked at from time to time. For what is told by
        its import alone, an adapter's ``native_modules`` do.
        """

    def owner_type(
        self,
        cls: type,
        *,
        closers: Iterable[str] = ("close",),
        is_part: bool = False,
        words: OwnerState | None = None,
        unless_in: str = "",
    ) -> None:
        """Have a class's objects, and its subclasses', count as owners.

        Its constructor notes the line that makes each; the owner of a connection is
        then the outermost such object whose method led to it.

        Args:
            cls: The class; a type made in C is known by its objects' methods only.
            closers: Methods by which a user closes it, coroutine functions too;
                one that has returned makes the owner closed. Those it lacks are
                passed over.
            is_part: Whether it mostly is a part of another library's owner (a pool in a
                session): then that one is looked for beyond a subclass of the user's.
            words: What to say of one that is gone, when it cannot be asked any more.
            unless_in: A module whose making of one is not worth a note: that of the
                session around it, which is noted anyway.
        """

    def call_before(self, holder: object, name: str, tell: Callable[..., None]) -> None:
        """Call `tell` with the arguments before each call of a class's or module's function.

        Undone at the stop. What `tell` raises becomes a line of the report.
        """

    def call_after(self, holder: object, name: str, tell: Callable[..., None]) -> None:
        """Call `tell` with result and arguments after each call that did not raise.

        For a coroutine function that is when the coroutine has returned.
        """

    def replace(self, holder: object, name: str, make: Callable[[Any], object]) -> None:
        """Put ``make(original)`` in the place of an attribute until the stop."""

    def opened(
        self,
        fd: int,
        *,
        owner: object = None,
        subject: object = None,
        host: str | None = None,
        otherwise: object = None,
        is_on_stack: bool = True,
    ) -> None:
        """Tell of a connection whose making is on the stack now.

        For sockets that the observer does not see being made (from C or Rust), and for
        those made in another task or thread than the one that wants them. Line and
        owner are read from the stack where they are not known yet.

        Args:
            fd: The socket's descriptor; nothing happens for one that is no TCP socket.
            owner: The owner, where it is not on the stack.
            subject: What keeps the connection should the owner be gone (a transport).
            host: Host name asked for.
            otherwise: The owner, where no object on the stack is one: the transport
                that the program asked for itself.
            is_on_stack: False in a loop's callback, where no line wanted it; another
                call must tell of that.
        """

    def strangers(self) -> dict[int, tuple[int, Address]]:
        """Return descriptor and peer of each connection without an owner, by inode.

        Not for each load: it asks for every descriptor of the process.
        """

    def closing(self, fd: int) -> None:
        """Tell that C or Rust code is about to close a connection told of by `opened`."""

    def used(
        self,
        fd: int,
        *,
        subject: object = None,
        owner: object = None,
    ) -> None:
        """Tell of a load on a connection, from the hook itself.

        Args:
            fd: The socket's descriptor.
            subject: The response, if it may be left unread.
            owner: The owner, if the load changed it.
        """

    def line(self) -> CallSite | None:
        """Return the user's line that runs now."""

    def subjects(self, cls: type) -> list[tuple[int, object]]:
        """Return inode and subject of each open connection whose subject is of a class."""

    def opener(self, inode: int) -> OwnerLike | None:
        """Return the record of the owner that an open connection was made for."""

    def made(self, owner: object, *, part: object = None, name: str = "") -> None:
        """Tell of an owner whose making is on the stack (a factory, a C type).

        Args:
            owner: The owner.
            part: For an owner that takes no weak reference: a part of it that does and
                that lives as long. The line is the one noted by the constructor.
            name: The attribute by which the part refers to the owner.
        """

    def owners(self, cls: type) -> list[object]:
        """Return the live owners of a class that were made or seen since the start."""

    def owner_of(self, owner: object) -> OwnerLike | None:
        """Return the record of an owner, for a sighting that names it."""


@runtime_checkable
class Adapter(Protocol):
    """One library, as the observer sees it.

    One whose library makes its sockets in C or Rust may have an attribute
    ``native_modules``, a tuple: while one of these is loaded, the kernel's list is looked
    at from time to time. One that keeps a book of its own may have a method
    ``has_open(inode)``: then nothing is guessed of what it knows.

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
        """Undo `start`, but for the hooks set through the sink: those are undone."""

    def sightings(self, kernel: KernelSnapshot) -> Iterable[Sighting]:
        """Return what it knows of connections, open or remembered as closed.

        Args:
            kernel: The process's open sockets by inode, for adapters that start from
                the socket; one that keeps a book of its own need not look at it.
        """

    def owner_state(self, owner: object) -> OwnerState:
        """Return what is known of a live owner that one of its sightings named."""


class LibraryAdapter:
    """An adapter of a library whose sockets the observer sees: a base to derive from.

    Knows nothing and hooks nothing by itself.
    """

    name = ""
    modules: tuple[str, ...] = ()
    internals: tuple[str, ...] = ()

    sink: Sink

    def start(self, sink: Sink) -> None:
        """Keep the sink and set the hooks."""
        self.sink = sink
        self.hook(sink)

    def hook(self, sink: Sink) -> None:
        """Set the library's hooks; for a subclass."""

    def stop(self) -> None:
        """Nothing to undo: the sink undoes its hooks."""

    def sightings(self, kernel: KernelSnapshot) -> Iterable[Sighting]:  # noqa: ARG002 - for a subclass
        """Return nothing: the observer's own book has the sockets."""
        return ()

    def owner_state(self, owner: object) -> OwnerState:  # noqa: ARG002 - for a subclass
        """Return that a call of a closing method decides."""
        return OwnerState(is_closed=None)
