"""Sightings, kernel and heap put together."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator

import pytest

from urlsession.connections import ClosedBy, Ledger
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.capture.book import SocketBook
from urlsession.watch.capture.owners import OwnerBook
from urlsession.watch.facts import ConnectionFacts, OwnerFacts
from urlsession.watch.survey import Survey

from .conftest import MADE_AT, StandIn

Make = Callable[[], StandIn]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Switch the collector off."""
    gc.disable()
    yield
    gc.enable()


def look(
    ledger: Ledger, states: dict[tuple[int, object], str] | None = None
) -> list[ConnectionFacts]:
    """Take a survey of a ledger."""
    survey = Survey(
        adapters=[URLSessionAdapter(ledger)],
        book=SocketBook(),
        owners=OwnerBook(),
        since=0.0,
        states_at_close=states or {},  # type: ignore[arg-type]  # addresses only
        user_packages=(),
        problem=pytest.fail,
    )
    return survey.take(lambda inode: inode)


def owner_of(facts: ConnectionFacts) -> OwnerFacts:
    """Return the owner, which must be known."""
    assert facts.owner is not None
    return facts.owner


def test_open_connection_has_kernel_state_and_holder(
    ledger: Ledger, make_session: Make
) -> None:
    """With the line that made the owner."""
    session = make_session()
    (facts,) = look(ledger)
    owner = owner_of(facts)

    assert facts.kernel_state == "ESTABLISHED"
    assert owner.made_at == MADE_AT
    assert owner.is_reachable
    assert owner.path[0].startswith("local 'session' of test_open_connection")
    session.invalidate()


def test_owner_in_a_dropped_cycle_is_unreachable(
    ledger: Ledger, make_session: Make, no_collector: None
) -> None:
    """Found without collecting it."""
    session = make_session()
    session.delegate = [session]
    del session
    (facts,) = look(ledger)
    owner = owner_of(facts)

    assert owner.is_alive
    assert owner.is_reachable is False
    assert owner.root == "cycle"
    gc.collect()


def test_owner_that_is_freed_is_not_alive(ledger: Ledger, make_session: Make) -> None:
    """Its socket lives on below it."""
    kept = make_session().socket
    (facts,) = look(ledger)
    owner = owner_of(facts)

    assert not owner.is_alive
    assert owner.is_reachable is False
    kept.close()


def test_invalidated_owner_is_not_searched_for(
    ledger: Ledger, make_session: Make
) -> None:
    """A search costs, and nobody will ask."""
    session = make_session()
    session.is_invalidated = True
    (facts,) = look(ledger)

    assert owner_of(facts).is_closed
    assert owner_of(facts).path == ()
    session.invalidate()


def test_kernel_is_believed_on_who_closed(ledger: Ledger, make_session: Make) -> None:
    """It saw the FIN; the book may be wrong."""
    session = make_session()
    session.close(ClosedBy.PEER)
    connection = session.connection
    (facts,) = look(ledger, {(connection.inode, connection.local): "FIN_WAIT2"})

    assert facts.closed_by is ClosedBy.LOCAL


def test_closed_connection_has_the_state_the_kernel_winds_up(
    ledger: Ledger, make_session: Make, listener: socket.socket
) -> None:
    """A peer that has not answered our FIN leaves it in FIN_WAIT2."""
    session = make_session()
    session.invalidate()
    (facts,) = look(ledger)

    assert facts.kernel_state in {"FIN_WAIT1", "FIN_WAIT2"}


def test_failing_adapter_is_a_problem_and_no_error() -> None:
    """The program must not notice."""
    problems: list[str] = []
    survey = Survey(
        adapters=[URLSessionAdapter(None)],  # type: ignore[arg-type]  # to make it fail
        book=SocketBook(),
        owners=OwnerBook(),
        since=0.0,
        states_at_close={},
        user_packages=(),
        problem=problems.append,
    )

    assert survey.take(lambda _inode: 1) == []
    assert len(problems) == 1
