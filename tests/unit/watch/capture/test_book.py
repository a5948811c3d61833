"""The observer's own book."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urlsession.connections import ClosedBy
from urlsession.watch.capture.book import SocketBook


@pytest.fixture
def book() -> SocketBook:
    return SocketBook(remembered=3)


def test_open_connection_is_found_by_inode_and_descriptor(book: SocketBook) -> None:
    """Until it is closed."""
    record = book.open(101, 7, 1.0)
    found = (book.of_inode(101), book.of_fd(7))
    book.close(record, ClosedBy.LOCAL, 2.0)

    assert found == (record, record)
    assert (book.of_inode(101), book.of_fd(7)) == (None, None)


def test_descriptor_used_again_belongs_to_the_newer(book: SocketBook) -> None:
    """The close of the older must not take it away."""
    older = book.open(101, 7, 1.0)
    newer = book.open(102, 7, 2.0)
    book.close(older, None, 3.0)

    assert book.of_fd(7) is newer


def test_descriptor_used_again_closes_the_older(book: SocketBook) -> None:
    """C code closed it, and nobody heard."""
    older = book.open(101, 7, 1.0)
    book.open(102, 7, 2.0)

    assert (older.closed_at, older.closed_by) == (2.0, None)
    assert book.closed_records() == [older]


def test_past_is_bounded_and_counted(book: SocketBook) -> None:
    """The oldest are forgotten first."""
    for number in range(5):
        book.close(book.open(number, 7, 0.0), ClosedBy.PEER, float(number))

    assert [one.inode for one in book.closed_records()] == [2, 3, 4]
    assert book.forgotten_count == 2


def test_closing_twice_is_closing_once(book: SocketBook) -> None:
    """The first word on who closed stands."""
    record = book.open(101, 7, 1.0)
    book.close(record, ClosedBy.PEER, 2.0)
    book.close(record, ClosedBy.LOCAL, 3.0)

    assert record.closed_by is ClosedBy.PEER
    assert len(book.closed_records()) == 1


def test_dropped_connection_was_none(book: SocketBook) -> None:
    """One that was refused is not told of."""
    book.drop(book.open(101, 7, 1.0))

    assert book.sightings() == []


def test_sighting_has_what_the_record_has(book: SocketBook) -> None:
    """The socket itself is the subject where nothing better is known."""
    record = book.open(101, 7, 1.0)
    record.host, record.remote, record.requests = "here", ("127.0.0.1", 80), 2
    (seen,) = book.sightings()

    assert (seen.inode, seen.host, seen.remote) == (101, "here", ("127.0.0.1", 80))
    assert (seen.requests, seen.opened_at, seen.closed_at) == (2, 1.0, None)


def test_sightings_of_the_open_ones_leave_the_others_out(book: SocketBook) -> None:
    """Who asks often asks for no more."""
    book.close(book.open(101, 7, 1.0), ClosedBy.LOCAL, 2.0)
    book.open(102, 7, 3.0)

    assert [one.inode for one in book.sightings(only_open=True)] == [102]
    assert len(book.sightings()) == 2


@given(st.lists(st.integers(0, 5)))
def test_opened_is_live_and_closed_together(steps: list[int]) -> None:
    """Whatever the order of opens and closes."""
    book = SocketBook(remembered=1000)
    opened = 0
    for number, step in enumerate(steps):
        live = book.open_records()
        if step and live:
            book.close(live[step % len(live)], None, float(number))
        else:
            book.open(1000 + number, step, float(number))
            opened += 1

    assert opened == len(book.open_records()) + len(book.closed_records())
