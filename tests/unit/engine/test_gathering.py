"""Bodies gathered by libcurl alone are handed over in order, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from urlsession.engine.gathering import Gathering
from urlsession.engine.handle import Handle
from urlsession.engine.transfer import Transfer


class Taker(Transfer):
    """A transfer that takes pieces until it has `limit` of them."""

    is_streaming = True

    def __init__(self, limit: int = 100) -> None:
        self.limit = limit
        self.batches: list[list[bytes]] = []

    def receive_head_line(self, line: bytes) -> None:
        raise AssertionError(line)

    def receive_body(self, data: bytes) -> None:
        raise AssertionError(data)

    def receive_pieces(self, pieces: Sequence[bytes]) -> bool:
        self.batches.append([*pieces])
        return sum(map(len, self.batches)) < self.limit


@pytest.fixture
def handle() -> Iterator[Handle]:
    """Return a handle that runs nothing yet."""
    made = Handle(())
    yield made
    made.close()


def start(handle: Handle, gathering: Gathering, taker: Taker) -> None:
    """Have `handle` run a transfer that is gathered."""
    handle.prepare(taker)
    taker.handle = handle
    gathering.ask(taker)
    gathering.hand_over()


def test_pieces_are_given_in_one_batch(handle: Handle) -> None:
    """In order, and once."""
    gathering, taker = Gathering(), Taker()
    start(handle, gathering, taker)
    handle.body += [b"a", b"b"]

    assert gathering.hand_over() == (True, [])
    assert gathering.hand_over() == (False, [])
    assert taker.batches == [[b"a", b"b"]]


def test_transfer_that_wants_no_more_is_told_of(handle: Handle) -> None:
    """It has taken what there was."""
    gathering, taker = Gathering(), Taker(limit=2)
    start(handle, gathering, taker)
    handle.body += [b"a", b"b"]

    assert gathering.hand_over() == (True, [taker])
    assert taker.batches == [[b"a", b"b"]]


def test_nothing_is_due_until_somebody_asks(handle: Handle) -> None:
    """So that other transfers pay for one look."""
    gathering = Gathering()
    assert not gathering.is_on

    start(handle, gathering, Taker())

    assert gathering.is_on


def test_transfer_that_has_ended_is_forgotten(handle: Handle) -> None:
    """Whoever uses its handle next collects for itself."""
    gathering, taker = Gathering(), Taker()
    start(handle, gathering, taker)
    handle.release()
    handle.prepare(Transfer())
    handle.body.append(b"of another")

    assert gathering.hand_over() == (False, [])
    assert not gathering.is_on
    assert handle.body == [b"of another"]


def test_transfer_that_ends_before_it_begins_is_forgotten() -> None:
    """It asked in its last callback."""
    gathering = Gathering()
    gathering.ask(Taker())

    assert gathering.hand_over() == (False, [])
    assert not gathering.is_on
