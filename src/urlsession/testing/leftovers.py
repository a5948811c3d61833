"""What a piece of work left behind: connections, descriptors, threads, tasks.

Two witnesses that do not know each other: this package's ledger, and the kernel
(`/proc/self/fd`). A finding is reported only after a wait and a collection, so
what is reported is held by something, not merely late.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter

from ..connections import LEDGER
from .kernel import descriptors, wait_until

__all__ = ("Leftovers", "package_tasks")

IO_THREAD = "urlsession-io"  # shared by every session without a loop; stays for good
IO_DESCRIPTORS = {"anon_inode:[eventpoll]": 1, "anon_inode:[eventfd]": 2}
"""What the shared I/O thread may open once, when it starts in the course of work."""

_LATE_S = 0.1  # seconds for what is merely late, before everything is collected
_PACKAGE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Leftovers:
    """Takes stock when made; `found()` tells what has been added and stays.

    Connections of `URLSession.shared` count like any other's: a test that uses it
    ends its connections, for instance by stopping the server.
    """

    def __init__(self) -> None:
        self._connection_ids = {one.id for one in LEDGER.open_connections()}
        self._threads = set(threading.enumerate())
        self._descriptors = Counter(descriptors().values())
        self._had_io_thread = _has_io_thread()

    def found(self, within_s: float = 2.0) -> list[str]:
        """Return a line for each thing left over; empty if there is nothing.

        Args:
            within_s: How long to wait for things to go, in seconds.
        """
        if not self._now():
            return []
        # A cycle that the work made may hold sockets until the collector runs. The
        # tests of lifetimes look before that, with the collector off.
        gc.collect(1)  # a whole one takes a second in a process of many tests
        if wait_until(lambda: not self._now(), _LATE_S, every_s=0.005):
            return []
        gc.collect()
        wait_until(lambda: not self._now(), within_s, every_s=0.01)
        return self._now()

    def _now(self) -> list[str]:
        return [*self._connections(), *self._new_threads(), *self._new_descriptors()]

    def _connections(self) -> list[str]:
        return [
            f"connection {one.id} to {one.host}:{one.remote[1]} from {one.local}, "
            f"{one.state.value}; session made at {one.owner.made_at}"
            for one in LEDGER.open_connections()
            if one.id not in self._connection_ids
        ]

    def _new_threads(self) -> list[str]:
        return [
            f"thread {thread.name}"
            for thread in threading.enumerate()
            if thread not in self._threads and thread.name != IO_THREAD
        ]

    def _new_descriptors(self) -> list[str]:
        added = Counter(descriptors().values()) - self._descriptors
        if not self._had_io_thread and _has_io_thread():
            added -= Counter(IO_DESCRIPTORS)
        return [f"descriptor of {link} (x{n})" for link, n in added.items()]


def package_tasks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return a line for each unfinished task of this package on a loop.

    A loop that ends cancels what is left without a word, so this has to be asked
    before.
    """
    return [
        f"asyncio task {task.get_name()} of {code.co_qualname}"
        for task in asyncio.all_tasks(loop)
        if (code := getattr(task.get_coro(), "cr_code", None)) is not None
        and code.co_filename.startswith(_PACKAGE_DIR)
    ]


def _has_io_thread() -> bool:
    return any(thread.name == IO_THREAD for thread in threading.enumerate())
