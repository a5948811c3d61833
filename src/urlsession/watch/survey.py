"""One look at everything: sightings, kernel and heap put together as facts.

Decides which source is believed for what: the adapter for the owner and the use,
the kernel for the state and for who sent FIN first, the heap for reachability.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..connections import ClosedBy
from .facts import ConnectionFacts, OwnerFacts
from .heap import Holding, find_holdings
from .kernel import TcpState, first_closer, look_up, take_snapshot

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from ..connections import Address
    from .adapter import Adapter, Sighting
    from .kernel import KernelSnapshot

__all__ = ("Survey",)


class Survey:
    """One look at the connections of this process; made, taken and thrown away.

    Args:
        adapters: The libraries to ask.
        since: Monotonic seconds; what was closed before is left out.
        states_at_close: The kernel's state seen at each close, by inode and address.
        user_packages: Packages that count as the user's wherever they are installed.
        problem: Told of what could not be observed.
    """

    def __init__(
        self,
        *,
        adapters: Sequence[Adapter],
        since: float,
        states_at_close: Mapping[tuple[int, Address | None], str],
        user_packages: Sequence[str],
        problem: Callable[[str], None],
    ) -> None:
        self._adapters = adapters
        self._since = since
        self._states_at_close = states_at_close
        self._user_packages = user_packages
        self._problem = problem
        self._kernel = take_snapshot()
        self._owners: dict[int, OwnerFacts] = {}

    def take(
        self, serial: Callable[[str, Hashable], int], *, with_heap: bool = True
    ) -> list[ConnectionFacts]:
        """Return the facts of every connection, in the order of their opening.

        Args:
            serial: Gives a connection's number from its library and the key there.
            with_heap: Whether to search what holds the owners.
        """
        sighted = [(each, one) for each in self._adapters for one in self._ask(each)]
        sighted.sort(key=lambda pair: pair[1].opened_at)
        unsettled = self._look_at_owners(sighted)
        if with_heap:
            self._look_at_heap(unsettled)
        return [
            self._facts(one, adapter.name, serial(adapter.name, one.key))
            for adapter, one in sighted
        ]

    def _ask(self, adapter: Adapter) -> Iterator[Sighting]:
        try:
            sightings = list(adapter.sightings(self._kernel))
        except Exception as error:
            self._problem(f"adapter {adapter.name} failed to read: {error!r}")
            return
        for one in sightings:
            if one.closed_at is None or one.closed_at >= self._since:
                yield one

    def _facts(self, one: Sighting, library: str, serial: int) -> ConnectionFacts:
        at_close = self._states_at_close.get((one.inode, one.local))
        return ConnectionFacts(
            id=serial,
            library=library,
            inode=one.inode,
            host=one.host,
            remote=one.remote,
            local=one.local,
            protocol=one.protocol,
            opened_at=one.opened_at,
            opened_by=one.opened_by,
            last_used_at=one.last_used_at,
            closed_at=one.closed_at,
            closed_by=_who_closed(one, at_close),
            fin_sent_at=one.fin_sent_at,
            peer_fin_at=one.peer_fin_at,
            kernel_state=_state_now(one, self._kernel),
            state_at_close=at_close,
            is_checked_out=one.is_checked_out,
            has_unread_body=one.has_unread_body,
            requests=one.requests,
            bytes_sent=one.bytes_sent,
            bytes_received=one.bytes_received,
            owner=self._owner_of(one),
        )

    def _owner_of(self, one: Sighting) -> OwnerFacts | None:
        if one.owner is None:
            return None
        facts = self._owners[id(one.owner)]
        if facts.is_alive or one.is_owner_closed is None:
            return facts
        return replace(facts, is_closed=one.is_owner_closed)

    def _look_at_owners(
        self, sighted: Sequence[tuple[Adapter, Sighting]]
    ) -> dict[int, weakref.ref[object]]:
        """Fill in the facts of each owner, by the id of its record.

        Returns:
            The owners of open connections that a verdict may be given on.
        """
        unsettled: dict[int, weakref.ref[object]] = {}
        for adapter, one in sighted:
            record = one.owner
            if record is None:
                continue
            key = id(record)
            if key not in self._owners:
                self._owners[key] = self._ask_owner(adapter, one)
            facts = self._owners[key]
            is_settled = facts.is_closed or facts.is_exempt
            if one.closed_at is None and facts.is_alive and not is_settled:
                unsettled[key] = record.ref
        return unsettled

    def _look_at_heap(self, owners: dict[int, weakref.ref[object]]) -> None:
        for key, holding in self._search(owners).items():
            self._owners[key] = replace(
                self._owners[key],
                is_reachable=holding.is_reachable,
                root=holding.root,
                path=holding.path,
            )

    def _ask_owner(self, adapter: Adapter, one: Sighting) -> OwnerFacts:
        record = one.owner
        assert record is not None
        facts = OwnerFacts(
            type=record.type,
            made_at=record.made_at,
            description=record.description,
            is_reachable=None,
            is_closed=None,
        )
        owner = record.ref()
        if owner is None:
            return replace(facts, is_alive=False, is_reachable=False)
        try:
            state = adapter.owner_state(owner)
        except Exception as error:
            self._problem(f"adapter {adapter.name} failed at an owner: {error!r}")
            return facts
        return replace(
            facts,
            is_closed=state.is_closed,
            is_exempt=state.is_exempt,
            closing=state.closing,
            noun=state.noun,
            closed_word=state.closed_word,
            description=state.description or facts.description,
        )

    def _search(self, owners: dict[int, weakref.ref[object]]) -> dict[int, Holding]:
        if not owners:
            return {}
        internals = [one for each in self._adapters for one in each.internals]
        try:
            return find_holdings(
                owners, user_packages=self._user_packages, internals=internals
            )
        except Exception as error:
            self._problem(f"the heap could not be searched: {error!r}")
            return {}


def _who_closed(one: Sighting, state_at_close: str | None) -> ClosedBy | None:
    """Believe the kernel where it saw the close, and the library where it did not."""
    if one.closed_at is None or state_at_close in {None, "CLOSED"}:
        return one.closed_by
    if one.closed_by is ClosedBy.EXIT:
        return one.closed_by
    return first_closer(TcpState[str(state_at_close)]) or one.closed_by


def _state_now(one: Sighting, kernel: KernelSnapshot) -> str | None:
    seen = kernel.sockets.get(one.inode) if one.closed_at is None else None
    if seen is None and one.local is not None:
        seen = look_up(one.local, one.remote)
    if seen is not None:
        return seen.state.name
    return None if one.local is None else "CLOSED"
