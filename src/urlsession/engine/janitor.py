"""A transfer that goes nowhere, so that libcurl looks over its pool.

libcurl closes dead pooled connections when a transfer wants a *new* connection,
at most once a second, and never otherwise. The janitor wants one and is refused
a socket: no packet is sent, and the dead descriptors are closed on the way.
Source: `Curl_cpool_prune_dead` in libcurl's `lib/conncache.c`.
"""

from __future__ import annotations

from collections.abc import Callable

import pycurl

from .transfer import Transfer

__all__ = ("JANITOR_INTERVAL_S", "Janitor")

JANITOR_INTERVAL_S = 1.02  # libcurl looks once per second; a little over that


class Janitor(Transfer):
    """Makes libcurl close the dead connections of its pool."""

    def __init__(self, is_done: Callable[[], None]) -> None:
        self.url = "http://127.0.0.1:9/"  # never reached: it gets no socket
        self.options = ((pycurl.PROXY, ""),)
        # No FRESH_CONNECT: that makes libcurl 8.23 skip its pool altogether.
        self._is_done = is_done

    def did_finish(self) -> None:
        """Let the pool see what is left."""
        self._is_done()

    def did_time_out(self) -> None:
        """Never called: a janitor has no time-outs."""
