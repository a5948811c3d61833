"""What a finished run leaves in its connection's entry."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pycurl
import pytest

from urlsession.connections import Connection, ConnectionEvent, ConnectionState
from urlsession.engine.account import connection_let_go, enter_run
from urlsession.engine.handle import Handle, HandleStore
from urlsession.engine.poller import Poller
from urlsession.engine.roster import Roster
from urlsession.engine.transfer import Transfer
from urlsession.testing import LoopbackServer, fixed_body

from ...conftest import Serve
from .loopback import opening

BODY = b"body"


@pytest.fixture
def server(serve: Serve) -> LoopbackServer:
    """Return a server that keeps its connections."""
    return serve(fixed_body(BODY))


@pytest.fixture
def handle(roster: Roster, server: LoopbackServer) -> Iterator[Handle]:
    """Return a handle whose first run has just ended."""
    transfer = Transfer()
    transfer.url = server.url("/")
    handle = HandleStore(((pycurl.PROXY, ""),)).take(opening(roster))
    handle.prepare(transfer)
    handle.curl.perform()
    yield handle
    handle.close()


def entered(roster: Roster, handle: Handle, poller: Poller | None = None) -> Connection:
    """Enter the run of a handle and return its connection."""
    (connection,) = roster.by_fd.values()
    enter_run(roster, poller, connection, handle.curl, has_failed=False)
    return connection


def test_run_is_added_to_its_connection(
    roster: Roster, handle: Handle, server: LoopbackServer
) -> None:
    """Bytes of heads and bodies, both ways."""
    one = entered(roster, handle)
    sent, received = one.bytes_sent, one.bytes_received

    assert one.loads == 1
    assert one.protocol == "http/1.1"
    assert one.curl_id == handle.curl.getinfo(pycurl.CONN_ID) >= 0
    assert sent > len("GET / HTTP/1.1")
    assert received > len(BODY)
    handle.release()
    handle.curl.perform()
    entered(roster, handle)
    assert (one.loads, one.bytes_sent, one.bytes_received) == (
        2,
        2 * sent,
        2 * received,
    )
    assert server.accepted == 1


def test_connect_that_nobody_saw_is_told_of_afterwards(
    roster: Roster, poller: Poller, handle: Handle
) -> None:
    """The whole exchange fitted into one turn; then the connection is at rest."""
    told: list[ConnectionEvent] = []
    roster.listeners = (lambda event, _: told.append(event),)
    one = entered(roster, handle, poller)

    assert told == [ConnectionEvent.OPENED, ConnectionEvent.IDLE]
    assert one.state is ConnectionState.IDLE
    assert one.local == (
        handle.curl.getinfo(pycurl.LOCAL_IP),
        handle.curl.getinfo(pycurl.LOCAL_PORT),
    )


@pytest.mark.parametrize(
    ("was_polled", "expected"),
    [(False, [ConnectionEvent.REUSED, ConnectionEvent.IDLE]), (True, [])],
)
def test_use_that_nobody_saw_is_told_of_afterwards(
    roster: Roster,
    handle: Handle,
    was_polled: bool,
    expected: list[ConnectionEvent],
) -> None:
    """What the poller saw, it has told."""
    one = entered(roster, handle)
    told: list[ConnectionEvent] = []
    roster.listeners = (lambda event, _: told.append(event),)
    one.was_polled = was_polled
    entered(roster, handle)

    assert told == expected
    assert not one.was_polled


def test_failed_run_connected_if_libcurl_says_so(
    roster: Roster, handle: Handle
) -> None:
    """Connect, request and reset fit into one turn: nobody saw the socket ready."""
    (one,) = roster.by_fd.values()
    enter_run(roster, None, one, handle.curl, has_failed=True)

    assert one.connected_at is not None
    assert one.local is not None


def test_run_that_was_refused_did_not_connect(roster: Roster) -> None:
    """There is nothing to tell of."""
    transfer = Transfer()
    with socket.create_server(("127.0.0.1", 0)) as gone:
        transfer.url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    handle = HandleStore(((pycurl.PROXY, ""),)).take(opening(roster))
    handle.prepare(transfer)
    with pytest.raises(pycurl.error):
        handle.curl.perform()
    (one,) = roster.by_fd.values()
    enter_run(roster, None, one, handle.curl, has_failed=True)
    handle.close()

    assert one.connected_at is None


def test_connection_that_was_let_go_is_found(roster: Roster, handle: Handle) -> None:
    """By the sockets that the run opened, then by libcurl's number."""
    one = entered(roster, handle)

    assert connection_let_go(roster.by_fd.values(), handle, -2) is one
    handle.opened = []
    assert connection_let_go(roster.by_fd.values(), handle, one.curl_id) is one
    assert connection_let_go(roster.by_fd.values(), handle, one.curl_id + 1) is None


def test_connection_without_a_number_is_not_one_that_is_being_made(
    roster: Roster, handle: Handle
) -> None:
    """Libcurl's number of either is -1; the port tells."""
    one = entered(roster, handle)
    one.local = ("127.0.0.1", handle.curl.getinfo(pycurl.LOCAL_PORT))
    handle.opened = []
    made = roster.born(0, ("127.0.0.1", 1), host="h", is_secure=False, call_site=None)

    assert made.curl_id == -1
    assert connection_let_go([made, one], handle, -1) is one
    assert connection_let_go([made], handle, -1) is None
