"""Transfers that are paused, and the connections that they keep in use.

libcurl stops to poll the socket of a paused transfer, as it does when a connection
becomes idle. The difference is kept here: a held connection is in use, and its
unread bytes are none of the ear's business.

Everything here runs under the pool's lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pycurl

from .sockets import local_address

if TYPE_CHECKING:
    from .handle import Handle
    from .poller import Poller
    from .roster import Roster
    from .transfer import Transfer

__all__ = ("Pauses",)


class Pauses:
    """The paused transfers of one pool.

    Attributes:
        asked: Those that `settle` is about.
    """

    __slots__ = ("_roster", "asked")

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.asked: list[Transfer] = []

    def ask(self, poller: Poller, transfer: Transfer) -> None:
        """A body callback is about to ask for a pause.

        Inside a callback libcurl does not tell which connection that is: `settle`
        finds out when it has returned.
        """
        transfer.is_held = True
        self.asked.append(transfer)
        if poller.pausing is None:
            poller.pausing = []

    def settle(self, poller: Poller) -> None:
        """Mark the connections of those that asked. Outside libcurl's callbacks."""
        asked, self.asked = self.asked, []
        for transfer in asked:
            if transfer.is_held:
                self.mark(poller, transfer)
        poller.settle()

    def mark(self, poller: Poller, transfer: Transfer) -> None:
        """Keep the transfer's connection in use while it is paused."""
        handle = transfer.handle
        if handle is None:
            return
        transfer.is_held = True
        fd = handle.curl.getinfo(pycurl.ACTIVESOCKET)
        connection = self._roster.by_fd.get(fd)
        if connection is not None:
            if connection.connected_at is None:  # libcurl never waited to read
                self._roster.connected(connection, local_address(fd))
            poller.held.add(fd)
            connection.is_in_use = True

    def unmark(
        self, poller: Poller, transfer: Transfer, running: Iterable[Handle]
    ) -> None:
        """The transfer goes on; others on its HTTP/2 connection may still be paused."""
        handle = transfer.handle
        transfer.is_held = False
        if handle is None:
            return
        fd = handle.curl.getinfo(pycurl.ACTIVESOCKET)
        if not any(
            one.transfer is not None
            and one.transfer.is_held
            and one.curl.getinfo(pycurl.ACTIVESOCKET) == fd
            for one in running
        ):
            poller.held.discard(fd)
