"""What a finished run adds to the account of its connection.

Reads libcurl's figures of an easy handle that has just ended; decides nothing about
the handle. Runs under the pool's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycurl

from ..connections import LEDGER, ConnectionEvent
from .figures import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..connections import Connection
    from .handle import Handle
    from .poller import Poller
    from .roster import Roster

__all__ = ("connection_let_go", "enter_handover", "enter_run")

_HEADER_SIZE = pycurl.HEADER_SIZE
_REQUEST_SIZE = pycurl.REQUEST_SIZE
_SIZE_DOWNLOAD = pycurl.SIZE_DOWNLOAD_T


def connection_let_go(
    among: Iterable[Connection], handle: Handle, curl_id: int
) -> Connection | None:
    """Find the connection of a run whose socket libcurl has let go already.

    Args:
        among: The connections of the multi handle that it ran on.
        handle: What ran.
        curl_id: libcurl's number of the connection: unique in one multi handle only.
            -1 if libcurl has closed the connection before it told of the run's end.
    """
    if handle.opened:
        return handle.opened[-1]
    if curl_id < 0:  # as it is of connections that are being made, too
        port = handle.curl.getinfo(pycurl.LOCAL_PORT)
        return next((one for one in among if one.local and one.local[1] == port), None)
    for connection in among:
        if connection.curl_id == curl_id:
            return connection
    return None


def enter_run(
    roster: Roster,
    poller: Poller | None,
    connection: Connection,
    curl: pycurl.Curl,
    *,
    has_failed: bool,
) -> None:
    """Enter a run that ended on `connection`."""
    getinfo = curl.getinfo
    if connection.curl_id < 0:
        connection.curl_id = getinfo(pycurl.CONN_ID)
        if connection.proxy is None and getinfo(pycurl.USED_PROXY):
            connection.proxy = _proxy_of_environment(connection)
    if connection.protocol is None:  # also after a run that was stopped in time
        connection.protocol = PROTOCOLS.get(getinfo(pycurl.INFO_HTTP_VERSION))
    if connection.connected_at is None and (
        not has_failed or getinfo(pycurl.CONNECT_TIME_T) > 0
    ):
        _connected_unseen(roster, poller, connection, curl)
    elif (
        not connection.was_polled
        and (LEDGER.listeners or roster.listeners)
        and connection.protocol != "h2"
    ):
        _used_unseen(roster, connection)
    connection.was_polled = False
    connection.loads += 1
    connection.bytes_sent += getinfo(_REQUEST_SIZE)
    connection.bytes_received += getinfo(_HEADER_SIZE) + getinfo(_SIZE_DOWNLOAD)


def enter_handover(connection: Connection, curl: pycurl.Curl) -> None:
    """Enter what a run has moved whose connection is taken from libcurl."""
    getinfo = curl.getinfo
    connection.protocol = PROTOCOLS.get(getinfo(pycurl.INFO_HTTP_VERSION))
    connection.bytes_sent += getinfo(_REQUEST_SIZE)
    connection.bytes_received += getinfo(_HEADER_SIZE) + getinfo(_SIZE_DOWNLOAD)


def _proxy_of_environment(connection: Connection) -> str:
    """Which of its proxies that is, and how it is spoken to, libcurl does not tell."""
    host, port = connection.remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _connected_unseen(
    roster: Roster, poller: Poller | None, connection: Connection, curl: pycurl.Curl
) -> None:
    """The whole exchange fitted into one turn: libcurl never waited to read."""
    local = (curl.getinfo(pycurl.LOCAL_IP), curl.getinfo(pycurl.LOCAL_PORT))
    roster.connected(connection, local)
    if poller is not None and roster.is_alive(connection):
        poller.rest(connection)


def _used_unseen(roster: Roster, connection: Connection) -> None:
    """The same on a connection of the pool: nobody has told of its use yet."""
    if connection.loads and connection.connected_at is not None:
        roster.tell(ConnectionEvent.REUSED, connection)
        if roster.is_alive(connection):
            roster.tell(ConnectionEvent.IDLE, connection)
