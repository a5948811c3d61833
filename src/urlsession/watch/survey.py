"""One look at everything: sightings, kernel and heap put together as facts.

Decides which source is believed for what: the adapter for the owner and the use,
the observer's own book for the lines, the kernel for the state, for bytes and times
and for who sent FIN first, the heap for reachability and for the client of an SDK
that stands around a session.
"""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from ..connections import ClosedBy
from .adapter import OwnerState, merge
from .around import maker_of, outer_of, put_around
from .capture.arrivals import arrivals
from .capture.kernel import TcpState, first_closer, look_up, take_snapshot
from .facts import ConnectionBasics, ConnectionFacts, OwnerFacts
from .heap import Holding, find_holdings

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from ..connections import Address
    from .adapter import Adapter, OwnerLike, Sighting
    from .capture.book import SocketBook
    from .capture.kernel import KernelSnapshot
    from .capture.owners import OwnerBook, OwnerRecord

__all__ = ("Survey",)

MAX_SUBJECTS = 200  # objects searched for beside the owners; more say the same again
_BASICS = tuple(one.name for one in fields(ConnectionBasics))
_SOCKET_STATE = OwnerState(is_closed=None, noun="socket")
_UNKNOWN_STATE = OwnerState(is_closed=None)


class Survey:
    """One look at the connections of this process; made, taken and thrown away.

    Args:
        adapters: The libraries to ask.
        book: The observer's own book.
        owners: The owners that are known.
        since: Monotonic seconds; what was closed before is left out.
        states_at_close: The kernel's state seen at each close, by inode and address.
        baseline: Inodes of sockets that were there before the watch.
        served_ports: Ports that this process has listened on.
        user_packages: Packages that count as the user's wherever they are installed.
        problem: Told of what could not be observed.
    """

    def __init__(
        self,
        *,
        adapters: Sequence[Adapter],
        book: SocketBook,
        owners: OwnerBook,
        since: float,
        states_at_close: Mapping[tuple[int, Address | None], str],
        baseline: frozenset[int] = frozenset(),
        served_ports: frozenset[int] = frozenset(),
        user_packages: Sequence[str],
        problem: Callable[[str], None],
    ) -> None:
        self._adapters = adapters
        self._book = book
        self._owner_book = owners
        self._since = since
        self._states_at_close = states_at_close
        self._baseline = baseline
        self._served_ports = served_ports
        self._user_packages = user_packages
        self._problem = problem
        self._now = time.monotonic()
        self._kernel = take_snapshot()
        self._owners: dict[int, OwnerFacts] = {}
        # By the ids of their records, as owners are: these, what is known of each by
        # itself, and the client of an SDK around it.
        self._records: dict[int, OwnerLike] = {}
        self._bare: dict[int, OwnerFacts] = {}
        self._outers: dict[int, OwnerRecord] = {}
        self._in_question: set[int] = set()  # those of open connections
        self._held: dict[int, Holding] = {}

    def take(
        self,
        serial: Callable[[int], int],
        *,
        with_heap: bool = True,
        only_open: bool = False,
    ) -> list[ConnectionFacts]:
        """Return the facts of every connection, in the order of their opening.

        Args:
            serial: Gives a connection's number from its inode.
            with_heap: Whether to search what holds the owners.
            only_open: Whether to leave out the closed ones.
        """
        sighted = self._sighted(only_open=only_open)
        sighted.sort(key=lambda pair: pair[1].opened_at or 0.0)
        unsettled = self._look_at_owners(sighted)
        if with_heap:
            self._look_at_heap(unsettled, self._subjects(sighted))
        return [
            self._facts(one, self._library(adapter, one), serial(one.inode))
            for adapter, one in sighted
        ]

    def _sighted(self, *, only_open: bool) -> list[tuple[Adapter | None, Sighting]]:
        """Return what is known of each connection, its sources put together."""
        found: dict[int, tuple[Adapter | None, Sighting]] = {}
        for adapter in self._adapters:
            for one in self._ask(adapter):
                first, known = found.get(one.inode, (adapter, None))
                found[one.inode] = first, one if known is None else merge(known, one)
        self._settle_book(found)
        for one in self._book.sightings(only_open=only_open):
            reader, known = found.get(one.inode, (None, None))
            if one.is_inferred and known is not None and known.opened_at is not None:
                continue  # its library keeps a book: it knows, and needs no guess
            found[one.inode] = reader, one if known is None else merge(known, one)
        return [
            (reader, one)
            for reader, one in found.values()
            if one.opened_at is not None
            and (one.closed_at is None or one.closed_at >= self._since)
            and not (only_open and self._is_closed(one))
            and not self._never_connected(one)
        ]

    def _is_closed(self, one: Sighting) -> bool:
        is_gone = one.inode not in self._kernel.descriptors
        return one.closed_at is not None or (self._kernel.is_readable and is_gone)

    def _settle_book(
        self, found: Mapping[int, tuple[Adapter | None, Sighting]]
    ) -> None:
        """Enter what the kernel alone knows, and close what the kernel has not."""
        if not self._kernel.is_readable:
            return  # nothing can be read: nothing is concluded
        open_inodes = self._kernel.descriptors
        for record in self._book.open_records():
            if record.inode not in open_inodes:
                self._book.close(record, None, self._now)
        # A source that keeps no book tells whose a connection is, and not when it began.
        told = {one for one, (_, known) in found.items() if known.opened_at is not None}
        for seen in arrivals(
            self._kernel,
            self._book,
            served_ports=self._served_ports,
            is_known=lambda one: one in told or one in self._baseline,
        ):
            self._book.infer(seen.inode, open_inodes[seen.inode], self._now)
        for inode, seen in self._kernel.sockets.items():
            known = self._book.of_inode(inode)
            if known is None:
                continue
            known.local = seen.local
            if seen.remote[1]:
                known.remote = seen.remote

    def _never_connected(self, one: Sighting) -> bool:
        seen = self._kernel.sockets.get(one.inode)
        if one.closed_at is not None or seen is None:
            # An open socket that the tables lack was refused or never connected.
            return one.closed_at is None and self._is_unheard_of(one)
        return (
            seen.state is TcpState.CLOSED
            and seen.info is not None
            and not seen.info.was_established
        )

    def _is_unheard_of(self, one: Sighting) -> bool:
        return (
            self._kernel.is_readable
            and one.local is None
            and self._book.of_inode(one.inode) is not None
            and one.inode not in self._kernel.sockets
        )

    def _ask(self, adapter: Adapter) -> Iterator[Sighting]:
        try:
            yield from list(adapter.sightings(self._kernel))
        except Exception as error:
            self._problem(f"adapter {adapter.name} failed to read: {error!r}")

    def _library(self, adapter: Adapter | None, one: Sighting) -> str:
        known = getattr(one.owner, "adapter", None) or adapter
        return known.name if known is not None else "socket"

    def _facts(self, one: Sighting, library: str, serial: int) -> ConnectionFacts:
        at_close = one.state_at_close or self._states_at_close.get(
            (one.inode, one.local)
        )
        basics = {name: getattr(one, name) for name in _BASICS}
        basics |= self._kernel_facts(one)
        remote = basics["remote"] or ("?", 0)
        state_now = _state_now(one, self._kernel)
        holding = self._held.get(one.inode)
        return ConnectionFacts(
            **basics
            | {
                "remote": remote,
                "host": one.host or remote[0],
                "is_checked_out": bool(one.is_checked_out),
                "requests": one.requests or 0,
                "closed_by": _who_closed(one, at_close or state_now),
            },
            id=serial,
            library=library,
            is_inferred=bool(one.is_inferred),
            kernel_state=state_now,
            state_at_close=at_close,
            unread_bytes=self._unread_bytes(one),
            held_by=() if holding is None else holding.path,
            owner=self._owner_of(one),
        )

    def _kernel_facts(self, one: Sighting) -> dict[str, object]:
        """Return what the kernel adds to, or knows better than, the sources."""
        seen = self._kernel.sockets.get(one.inode) if one.closed_at is None else None
        if seen is None:
            return {}
        better: dict[str, object] = {"local": one.local or seen.local}
        if seen.remote[1]:
            better["remote"] = one.remote or seen.remote
        info = seen.info
        if info is None:
            return better
        quiet_since = max(self._now - info.quiet_s, one.opened_at or 0.0)
        better["last_used_at"] = max(quiet_since, one.last_used_at or 0.0)
        if one.bytes_sent is None:
            better["bytes_sent"] = info.bytes_sent
        if one.bytes_received is None:
            better["bytes_received"] = info.bytes_received
        if seen.state is TcpState.CLOSE_WAIT and one.peer_fin_at is None:
            better["peer_fin_at"] = self._now - info.heard_s
        return better

    def _unread_bytes(self, one: Sighting) -> int | None:
        seen = self._kernel.sockets.get(one.inode) if one.closed_at is None else None
        return None if seen is None else seen.receive_queue_bytes

    def _owner_of(self, one: Sighting) -> OwnerFacts | None:
        record = self._owner_record(one)
        if record is None:
            return None
        facts = self._owners[id(record)]
        if facts.is_alive or one.is_owner_closed is None:
            return facts
        return replace(facts, is_closed=one.is_owner_closed)

    def _owner_record(self, one: Sighting) -> OwnerLike | None:
        """Return the owner's record; a socket that nobody else owns owns itself."""
        if one.owner is not None or one.closed_at is not None:
            return one.owner
        held = None if one.subject is None else one.subject()
        if held is None:
            return None
        return self._owner_book.add(
            held, adapter=None, made_at=one.opened_by, made_at_s=one.opened_at
        )

    def _look_at_owners(
        self, sighted: Sequence[tuple[Adapter | None, Sighting]]
    ) -> dict[int, weakref.ref[object]]:
        """Fill in the facts of each owner, by the id of its record.

        Returns:
            The owners of open connections that a verdict may be given on.
        """
        unsettled: dict[int, weakref.ref[object]] = {}
        for adapter, one in sighted:
            record = self._owner_record(one)
            if record is None:
                continue
            key = id(record)
            if key not in self._owners:
                self._records[key] = record
                self._bare[key] = self._ask_owner(adapter, record)
                self._owners[key] = self._with_outer(key)
            facts = self._owners[key]
            is_settled = facts.is_closed or facts.is_exempt
            if one.closed_at is None and not is_settled:
                self._in_question.add(key)
            if one.closed_at is None and facts.is_alive and not is_settled:
                unsettled[key] = record.ref
        return unsettled

    def _subjects(
        self, sighted: Sequence[tuple[Adapter | None, Sighting]]
    ) -> dict[int, weakref.ref[object]]:
        """Return what to search for beside the owners, by inode.

        The unread response, which is what one would close; and whatever is left of a
        connection whose owner is gone.
        """
        found: dict[int, weakref.ref[object]] = {}
        for _, one in sighted:
            if one.closed_at is not None or one.subject is None or one.owner is None:
                continue
            facts = self._owners[id(one.owner)]
            if one.has_unread_body or not facts.is_alive or facts.is_closed:
                found[one.inode] = one.subject
            if len(found) >= MAX_SUBJECTS:
                break
        return found

    def _look_at_heap(
        self,
        owners: dict[int, weakref.ref[object]],
        subjects: dict[int, weakref.ref[object]],
    ) -> None:
        wanted: dict[Hashable, Callable[[], object]] = {
            ("owner", key): ref for key, ref in owners.items()
        }
        wanted |= {
            ("outer", key): outer.ref
            for key, outer in self._outers.items()
            if key in self._in_question
        }
        wanted |= {("subject", inode): ref for inode, ref in subjects.items()}
        found = self._search(wanted)
        for key in self._owners:
            holding = found.get(("owner", key))
            outer_holding = found.get(("outer", key))
            self._owners[key] = self._with_holding(key, holding, outer_holding)
        for inode in subjects:
            holding = found.get(("subject", inode))
            if holding is not None:
                self._held[inode] = holding

    def _with_outer(self, key: int) -> OwnerFacts:
        """Return an owner's facts by what its making alone tells of an SDK's client."""
        facts, record = self._bare[key], self._records[key]
        outer = maker_of(record)
        if outer is None and not facts.is_alive:
            outer = outer_of(record, None, is_lost=True)
        if outer is not None:
            self._outers[key] = outer
        return put_around(facts, record, outer)

    def _with_holding(
        self, key: int, holding: Holding | None, outer_holding: Holding | None
    ) -> OwnerFacts:
        """Return an owner's facts with what the heap shows of it and around it."""
        facts, record = self._bare[key], self._records[key]
        keeper: OwnerRecord | None = None
        if holding is not None:
            facts = replace(
                facts,
                is_reachable=holding.is_reachable,
                root=holding.root,
                path=holding.path,
            )
            keeper = self._keeper(holding)
        is_lost = not facts.is_alive or facts.is_reachable is False
        if is_lost and outer_holding is not None and outer_holding.is_reachable:
            return facts  # its client goes on, with another in its place
        outer = self._outers.get(key)
        if outer is None and holding is not None:
            outer = outer_of(record, keeper, is_lost=is_lost)
        return put_around(facts, record, outer)

    def _keeper(self, holding: Holding) -> OwnerRecord | None:
        keeper = None if holding.keeper is None else holding.keeper()
        if keeper is None:
            return None
        return self._owner_book.find(keeper) or self._owner_book.add(
            keeper, adapter=None, made_at=None, made_at_s=None
        )

    def _ask_owner(self, adapter: Adapter | None, record: OwnerLike) -> OwnerFacts:
        facts = OwnerFacts(
            type=record.type,
            made_at=record.made_at,
            made_at_s=record.made_at_s,
            description=record.description,
            is_reachable=None,
            is_closed=None,
        )
        was_closed = getattr(record, "closed_at_s", None) is not None or None
        owner = record.ref()
        if owner is None:
            words = getattr(record, "words", None) or OwnerState(
                is_closed=None, noun=facts.short_type
            )
            return replace(
                _in_words(facts, words),
                is_alive=False,
                is_reachable=False,
                is_closed=was_closed,
            )
        state = self._ask_state(getattr(record, "adapter", adapter), owner)
        return replace(
            _in_words(facts, state),
            is_closed=was_closed if state.is_closed is None else state.is_closed,
            is_exempt=state.is_exempt,
            description=state.description or facts.description,
        )

    def _ask_state(self, adapter: Adapter | None, owner: object) -> OwnerState:
        if adapter is None:
            is_socket = hasattr(owner, "fileno") and hasattr(owner, "getpeername")
            return _SOCKET_STATE if is_socket else _UNKNOWN_STATE
        try:
            return adapter.owner_state(owner)
        except Exception as error:
            self._problem(f"adapter {adapter.name} failed at an owner: {error!r}")
            return _UNKNOWN_STATE

    def _search(
        self, wanted: dict[Hashable, Callable[[], object]]
    ) -> dict[Hashable, Holding]:
        if not wanted:
            return {}
        internals = [one for each in self._adapters for one in each.internals]
        try:
            return find_holdings(
                wanted, user_packages=self._user_packages, internals=internals
            )
        except Exception as error:
            self._problem(f"the heap could not be searched: {error!r}")
            return {}


def _in_words(facts: OwnerFacts, state: OwnerState) -> OwnerFacts:
    return replace(
        facts,
        closing=state.closing,
        noun=state.noun,
        closed_word=state.closed_word,
        has_block=state.has_block,
        closes_at_once=state.closes_at_once,
    )


def _who_closed(one: Sighting, state: str | None) -> ClosedBy | None:
    """Believe the kernel where it saw the close, and the library where it did not.

    Args:
        one: The connection.
        state: What the kernel said at the close; or says now, while it lingers.
    """
    if one.closed_at is None or state in {None, "CLOSED"}:
        return one.closed_by
    if one.closed_by is ClosedBy.EXIT:
        return one.closed_by
    return first_closer(TcpState[str(state)]) or one.closed_by


def _state_now(one: Sighting, kernel: KernelSnapshot) -> str | None:
    seen = kernel.sockets.get(one.inode) if one.closed_at is None else None
    if seen is None and one.local is not None and one.remote is not None:
        seen = look_up(one.local, one.remote)
    if seen is not None:
        return seen.state.name
    return None if one.local is None else "CLOSED"
