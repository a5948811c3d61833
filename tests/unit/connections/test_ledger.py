"""The book balances: opened − closed = live."""

from __future__ import annotations

import weakref

from hypothesis import given
from hypothesis import strategies as st

from urlsession.connections import (
    ClosedBy,
    Connection,
    ConnectionEvent,
    Ledger,
    Owner,
)
from urlsession.connections.ledger import CLOSED_HISTORY

OWNER = Owner(type="test", ref=weakref.ref(Connection), made_at=None)


def opened(ledger: Ledger) -> Connection:
    """Enter a connection and return it."""
    number = ledger.next_id()
    one = Connection(
        id=number,
        fd=number,
        inode=number,
        host="a.example",
        remote=("127.0.0.1", 80),
        is_secure=False,
        opened_at=1.0,
        last_used_at=1.0,
        owner=OWNER,
    )
    ledger.add(one)
    return one


@given(st.lists(st.none() | st.integers(0, 20), max_size=60))
def test_opened_minus_closed_is_live(story: list[int | None]) -> None:
    """Whatever is opened (None) and closed (by its place), also twice."""
    ledger = Ledger()
    made: list[Connection] = []
    for step in story:
        if step is None:
            made.append(opened(ledger))
        elif step < len(made):
            ledger.close(made[step], ClosedBy.LOCAL, 2.0)
    live = [one for one in made if one.closed_at is None]

    assert ledger.open_connections() == live
    assert ledger.opened_count == len(made)
    assert ledger.opened_count - ledger.closed_count == len(live)
    assert len({one.id for one in made}) == len(made)


def test_first_word_on_who_closed_counts() -> None:
    """A second close is refused and changes nothing."""
    ledger = Ledger()
    one = opened(ledger)
    one.is_in_use = True

    assert ledger.close(one, ClosedBy.PEER, 5.0) is True
    assert ledger.close(one, ClosedBy.LOCAL, 6.0) is False
    assert (one.closed_by, one.closed_at, one.is_in_use) == (ClosedBy.PEER, 5.0, False)
    assert ledger.closed_connections() == [one]


def test_closed_connections_are_forgotten_oldest_first() -> None:
    """The ledger never grows; the count goes on."""
    ledger = Ledger()
    made = [opened(ledger) for _ in range(CLOSED_HISTORY + 3)]
    for one in made:
        ledger.close(one, ClosedBy.LOCAL, 2.0)

    assert ledger.closed_connections() == made[3:]
    assert ledger.closed_count == len(made)


def test_more_is_remembered_when_asked_for() -> None:
    """What was remembered before stays."""
    ledger = Ledger()
    ledger.remember(1)
    made = [opened(ledger) for _ in range(3)]
    ledger.close(made[0], ClosedBy.LOCAL, 2.0)
    ledger.remember(2)
    ledger.close(made[1], ClosedBy.LOCAL, 2.0)

    assert ledger.closed_connections() == made[:2]
    ledger.close(made[2], ClosedBy.LOCAL, 2.0)
    assert ledger.closed_connections() == made[1:]


def test_forked_child_begins_with_an_empty_book() -> None:
    """But never gives a number again: the child's entries may be compared."""
    ledger = Ledger()
    one, other = opened(ledger), opened(ledger)
    ledger.close(one, ClosedBy.LOCAL, 2.0)
    ledger.forget()

    assert ledger.open_connections() == []
    assert ledger.closed_connections() == []
    assert opened(ledger).id > other.id


def test_listener_is_told_inside_its_block_only() -> None:
    """And left alone after it."""
    ledger = Ledger()
    one = opened(ledger)
    told: list[tuple[ConnectionEvent, Connection]] = []

    def listen(event: ConnectionEvent, connection: Connection) -> None:
        told.append((event, connection))

    with ledger.listening(listen):
        ledger.tell(ConnectionEvent.OPENED, one)
    ledger.tell(ConnectionEvent.IDLE, one)

    assert told == [(ConnectionEvent.OPENED, one)]


def test_error_of_a_listener_stops_nobody() -> None:
    """The next one is told, and whoever tells goes on."""
    ledger = Ledger()
    told: list[ConnectionEvent] = []

    def broken(_event: ConnectionEvent, _connection: Connection) -> None:
        raise KeyError

    ledger.add_listener(broken)
    ledger.add_listener(lambda event, _: told.append(event))
    ledger.tell(ConnectionEvent.OPENED, opened(ledger))

    assert told == [ConnectionEvent.OPENED]


def test_listener_may_leave_while_it_is_told() -> None:
    """The others of that round are still told."""
    ledger = Ledger()
    told: list[str] = []

    def leaves(_event: ConnectionEvent, _connection: Connection) -> None:
        told.append("leaves")
        ledger.remove_listener(leaves)

    ledger.add_listener(leaves)
    ledger.add_listener(lambda *_: told.append("stays"))
    one = opened(ledger)
    ledger.tell(ConnectionEvent.OPENED, one)
    ledger.tell(ConnectionEvent.IDLE, one)

    assert told == ["leaves", "stays", "stays"]
    ledger.remove_listener(leaves)
