"""A paused transfer keeps its connection in use."""

from __future__ import annotations

from collections.abc import Iterator

import pycurl
import pytest

from urlsession.connections import Connection
from urlsession.engine.handle import Handle, HandleStore
from urlsession.engine.pauses import Pauses
from urlsession.engine.poller import Poller
from urlsession.engine.roster import Roster
from urlsession.engine.transfer import Transfer
from urlsession.testing import fixed_body

from ...conftest import Serve
from .loopback import opening


@pytest.fixture
def transfer(roster: Roster, serve: Serve) -> Iterator[Transfer]:
    """Return a transfer that has a connection."""
    transfer = Transfer()
    transfer.url = serve(fixed_body(b"body")).url("/")
    handle = HandleStore(((pycurl.PROXY, ""),)).take(opening(roster))
    handle.prepare(transfer)
    handle.curl.perform()
    transfer.handle = handle
    yield transfer
    handle.close()


@pytest.fixture
def connection(roster: Roster, transfer: Transfer) -> Connection:
    """Return the connection of `transfer`."""
    (connection,) = roster.by_fd.values()
    return connection


def handle_of(transfer: Transfer) -> Handle:
    """Return the handle that runs a transfer."""
    assert transfer.handle is not None
    return transfer.handle


def test_held_connection_is_in_use(
    roster: Roster, poller: Poller, transfer: Transfer, connection: Connection
) -> None:
    """And connected, though libcurl never waited to read."""
    Pauses(roster).mark(poller, transfer)

    assert transfer.is_held
    assert connection.is_in_use
    assert connection.connected_at is not None
    assert connection.local is not None
    assert poller.held == {connection.fd}


def test_pause_of_a_callback_is_marked_when_libcurl_has_returned(
    roster: Roster, poller: Poller, transfer: Transfer, connection: Connection
) -> None:
    """Inside it does not tell the connection."""
    pauses = Pauses(roster)
    pauses.ask(poller, transfer)
    was_asked, held_then = bool(pauses.asked), set(poller.held)
    assert poller.pausing == []
    pauses.settle(poller)

    assert (was_asked, bool(pauses.asked)) == (True, False)
    assert held_then == set()
    assert poller.held == {connection.fd}


def test_pause_that_ended_meanwhile_is_not_marked(
    roster: Roster, poller: Poller, transfer: Transfer, connection: Connection
) -> None:
    """Whoever wanted it has gone on already."""
    pauses = Pauses(roster)
    pauses.ask(poller, transfer)
    pauses.unmark(poller, transfer, [handle_of(transfer)])
    pauses.settle(poller)

    assert poller.held == set()
    assert not connection.is_in_use


def test_connection_is_held_until_its_last_transfer_goes_on(
    roster: Roster, poller: Poller, transfer: Transfer, connection: Connection
) -> None:
    """On HTTP/2 several may be paused on one."""
    pauses = Pauses(roster)
    other = Transfer()
    other.handle = handle_of(transfer)  # stands in for a second stream's
    pauses.mark(poller, transfer)
    pauses.mark(poller, other)
    pauses.unmark(poller, other, [handle_of(transfer)])
    assert poller.held == {connection.fd}
    pauses.unmark(poller, transfer, [handle_of(transfer)])

    assert poller.held == set()


def test_transfer_without_a_handle_holds_nothing(
    roster: Roster, poller: Poller
) -> None:
    """Its run is over."""
    pauses, over = Pauses(roster), Transfer()
    pauses.mark(poller, over)
    pauses.unmark(poller, over, [])

    assert poller.held == set()
    assert not over.is_held
