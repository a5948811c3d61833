"""A roster, a poller and a connection for tests of the engine's parts."""

from __future__ import annotations

import select
from collections.abc import Iterator
from typing import Any

import pytest

from urlsession.connections import ClosedBy
from urlsession.engine.poller import Poller
from urlsession.engine.roster import Roster
from urlsession.testing import FakeClock

from .loopback import OWNER, SocketPair, tcp_pair


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of `roster`."""
    return FakeClock()


@pytest.fixture
def roster(clock: FakeClock) -> Iterator[Roster]:
    """Return an empty roster; what is left in it leaves the ledger with the test."""
    roster = Roster(OWNER, clock)
    yield roster
    for connection in list(roster.by_fd.values()):
        roster.departed(connection, ClosedBy.LOCAL)


@pytest.fixture
def pair() -> Iterator[SocketPair]:
    """Return two connected sockets: ours and the peer's."""
    with tcp_pair() as pair:
        yield pair


@pytest.fixture
def poller(roster: Roster) -> Iterator[Poller]:
    """Return a poller with an epoll of its own, for a pool that is not asked."""
    pool: Any = object()
    poller = Poller(roster, select.epoll(), {}, pool)
    yield poller
    poller.close()
