"""What a peer says while a body is sent to it is read before more is sent.

A server that answers early (413) and closes without having read the rest resets the
connection under what is on its way. libcurl then ends with an error of sending,
although the answer lies in the socket: it sends as long as it can before it reads. So
before each piece of a body the sockets that it may go to are looked at; if there is
something to read, sending pauses until libcurl has read it.

Everything here runs under the pool's lock.
"""

from __future__ import annotations

import array
import fcntl
import termios
from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable

    from .handle import Handle
    from .roster import Roster
    from .transfer import Transfer

__all__ = ("Unread",)


class Unread:
    """The transfers of one pool that read before they send more.

    Attributes:
        waiting: Those that `settle` is about, each with the sockets to read.
    """

    __slots__ = ("_roster", "waiting")

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.waiting: list[tuple[Transfer, list[int]]] = []

    def note(self, transfer: Transfer) -> bool:
        """Whether the transfer has to read first, and so must ask for a pause now.

        For the callback that gives libcurl a piece of a body.
        """
        handle = transfer.handle
        fds = [] if handle is None else self._unread_fds(handle)
        if fds:
            self.waiting.append((transfer, fds))
        return bool(fds)

    def settle(self, act: Callable[[int, int], object]) -> None:
        """Have libcurl read, and then send again. Outside its callbacks.

        Args:
            act: libcurl's ``socket_action`` for a descriptor and its events.
        """
        waiting, self.waiting = self.waiting, []
        for transfer, fds in waiting:
            for fd in fds:
                act(fd, pycurl.CSELECT_IN)
            handle = transfer.handle
            if handle is not None and not (transfer.is_suspended or transfer.is_held):
                try:
                    handle.curl.pause(pycurl.PAUSE_CONT)
                except pycurl.error:
                    continue  # it has just ended: whoever collects it tells

    def _unread_fds(self, handle: Handle) -> list[int]:
        # Inside a callback libcurl does not tell which connection that is. Over
        # HTTP/2 a reset is one stream's, and others speak all the time.
        fresh = [one for one in handle.opened if one.closed_at is None]
        host = None if handle.transfer is None else handle.transfer.host
        candidates = fresh or [
            one
            for one in self._roster.by_fd.values()
            if one.is_in_use and one.host == host
        ]
        return [
            one.fd for one in candidates if one.protocol != "h2" and _has_unread(one.fd)
        ]


def _has_unread(fd: int) -> bool:
    count = array.array("i", [0])
    try:
        fcntl.ioctl(fd, termios.FIONREAD, count)
    except OSError:
        return False
    return count[0] > 0
