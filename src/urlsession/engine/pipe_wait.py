"""Loads that wait to learn whether a server speaks HTTP/2.

With `PIPEWAIT` libcurl lets them go on by itself if it does. If it does not, they
would wait until the load that found out has *ended*, however long that takes.
This ends their wait as soon as the TLS handshake has told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pycurl

if TYPE_CHECKING:
    from ..connections import Connection
    from .handle import Handle
    from .transfer import Transfer

__all__ = ("PipeWait",)


class PipeWait:
    """The handshakes of one pool that are under way. Runs under the pool's lock.

    Attributes:
        shaking: Each with the transfer that made it.
    """

    __slots__ = ("shaking",)

    def __init__(self) -> None:
        self.shaking: list[tuple[Handle, Transfer]] = []

    def add(self, handle: Handle, transfer: Transfer) -> None:
        """A handshake begins for `transfer`. Inside libcurl's callback."""
        self.shaking.append((handle, transfer))

    def clear(self) -> None:
        """Every connection has been closed, or is none of this pool's multi handle."""
        for handle, transfer in self.shaking:
            if transfer.handle is handle:
                handle.end_listening()
        self.shaking.clear()

    def settle(
        self,
        multi: pycurl.CurlMulti,
        running: Iterable[Handle],
        by_fd: Mapping[int, Connection],
    ) -> bool:
        """End the wait of those who need not wait any more; False if nobody did.

        What each handshake agreed on is entered in its connection of `by_fd`.
        """
        shaking: list[tuple[Handle, Transfer]] = []
        for handle, transfer in self.shaking:
            if transfer.handle is not handle:
                continue
            if not handle.curl.getinfo(pycurl.APPCONNECT_TIME):
                handle.listen()
                shaking.append((handle, transfer))
                continue
            handle.end_listening()
            connection = by_fd.get(handle.curl.getinfo(pycurl.ACTIVESOCKET))
            if connection is not None:
                connection.tls = handle.tls
        has_news = len(shaking) < len(self.shaking)
        self.shaking = shaking
        if not has_news:
            return False
        has_ended_one = False
        for handle in running:
            if handle.curl.getinfo(pycurl.CONN_ID) < 0 and handle.end_pipe_wait():
                # Each handle that is removed makes libcurl look at one that waits.
                nudge = pycurl.Curl()
                multi.add_handle(nudge)
                multi.remove_handle(nudge)
                nudge.close()
                has_ended_one = True
        return has_ended_one
