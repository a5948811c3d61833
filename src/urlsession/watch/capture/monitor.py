"""Looks for connections that C or Rust code makes, while the program runs.

Decides when one is taken to have been opened, and by whom: when it first shows in the
list of the process's descriptors, and by the line that ran then in the thread that a
native library was called from, else in the main one. That is a guess, and is marked
so. The thread runs only while a module that makes such sockets is loaded, and takes at
most a hundredth of one processor.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from .arrivals import arrivals
from .kernel import TcpState, first_closer, look_up, read_sockets, socket_descriptors
from .pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from ...connections import CallSite
    from .book import SocketBook, SocketRecord
    from .kernel import KernelSocket
    from .stack import StackReader

__all__ = ("UNHOOKED", "Monitor")

# Widespread modules that make sockets in C, C++, Rust or Go, and that no adapter knows.
UNHOOKED = (
    "MySQLdb",
    "_mysql_connector",
    "adbc_driver_flightsql",
    "confluent_kafka",
    "couchbase",
    "ibm_db",
    "impit",
    "ldap",
    "mariadb",
    "primp",
    "pyarrow.flight",
    "pygit2",
    "pylibmc",
    "pymssql",
    "pynng",
    "pyodbc",
    "rnet",
    "tls_client",
    "wreq",
    "zmq",
)

LEAST_WAIT_S = 0.02
WAITS_PER_LOOK = 110  # how many times as long as it looks it waits
MAX_FRAMES = 12  # looked at in each thread for one of a native library's


class Monitor:
    """Enters what appears among the process's sockets into the book, as a guess.

    Args:
        book: Where it is entered.
        stack: Reads the user's line.
        served_ports: Returns the ports that this process listened on.
        baseline: Returns the inodes that were there before the watch.
        is_told: Tells whether an adapter that keeps a book has a socket.
        problem: Told of what failed.
    """

    def __init__(
        self,
        *,
        book: SocketBook,
        stack: StackReader,
        served_ports: Callable[[], set[int]],
        baseline: Callable[[], frozenset[int]],
        is_told: Callable[[int], bool],
        problem: Callable[[str], None],
    ) -> None:
        self._book = book
        self._stack = stack
        self._served_ports = served_ports
        self._baseline = baseline
        self._is_told = is_told
        self._problem = problem
        self._packages: set[str] = set()
        self._settled: set[int] = set()  # sockets that are what they will be
        self._pulse = Pulse(self._beat, LEAST_WAIT_S, in_children=True)

    def start(self, module: str) -> None:
        """Begin to look, since a module is loaded that makes sockets in C or Rust."""
        self._packages.add(module.partition(".")[0])
        self._pulse.start()

    def stop(self) -> None:
        """Stop looking; the thread has ended when this returns."""
        self._pulse.stop()
        self._packages.clear()
        self._settled.clear()

    def look(self) -> None:
        """Enter what is new, and close what is gone."""
        began = time.monotonic()
        descriptors = socket_descriptors()
        for record in self._book.open_records():
            is_native = record.socket is None and record.opened_at < began
            if is_native and record.inode not in descriptors:
                self._end(record)
        self._settled &= descriptors.keys()
        self._take_in(descriptors)

    def _beat(self) -> float:
        # Its own time: the wall's has in it how long others had the interpreter.
        began = time.thread_time()
        try:
            self.look()
        except Exception as error:
            self._problem(f"the list of sockets could not be looked at: {error!r}")
        return max(LEAST_WAIT_S, WAITS_PER_LOOK * (time.thread_time() - began))

    def _take_in(self, descriptors: dict[int, int]) -> None:
        baseline = self._baseline()
        fresh = {
            inode: fd
            for inode, fd in descriptors.items()
            if inode not in self._settled
            and inode not in baseline
            and self._book.of_inode(inode) is None
        }
        if not fresh:
            return
        seen = read_sockets(fresh).sockets
        # What does not connect yet, and may come to nothing, is looked at again.
        settled = {
            inode
            for inode in fresh
            if inode not in seen or seen[inode].state is not TcpState.CLOSED
        }
        if any(inode in seen and seen[inode].remote[1] for inode in settled):
            for one in arrivals(
                read_sockets(descriptors),
                self._book,
                served_ports=frozenset(self._served_ports()),
                is_known=lambda inode: inode not in settled or self._is_told(inode),
            ):
                self._enter(one, descriptors[one.inode])
        self._settled |= settled

    def _enter(self, seen: KernelSocket, fd: int) -> None:
        record = self._book.infer(seen.inode, fd, time.monotonic())
        if record is None:
            return  # told of in this moment
        record.local, record.remote = seen.local, seen.remote
        ident, record.opened_by = self._guess()
        if ident is not None:
            thread = threading._active.get(ident)  # type: ignore[attr-defined]  # current_thread() would enter a dummy into the program's list
            record.thread = None if thread is None else str(thread.name)
            record.task = _task_of(ident)

    def _guess(self) -> tuple[int | None, CallSite | None]:
        """Return the thread that is taken to have asked, and the user's line there."""
        main = threading.main_thread().ident
        frames = sys._current_frames()
        frames.pop(threading.get_ident(), None)
        found: list[tuple[int, int, CallSite]] = []
        for ident, frame in frames.items():
            site = self._stack.site(frame)
            if site is not None:
                found.append((self._rank(frame, site, ident == main), ident, site))
        if not found:
            return None, None
        _, ident, site = min(found, key=lambda one: one[0])
        return ident, site

    def _rank(self, frame: FrameType, site: CallSite, is_main: bool) -> int:
        """Return how far a thread is from having asked.

        What C or Rust runs has no frame: the innermost is the user's own, or one of the
        library's Python half. Others wait in Python's own modules for something else.
        """
        if self._is_native(frame):
            return 0
        is_own = (frame.f_code.co_filename, frame.f_lineno) == (site.file, site.line)
        return (1 if is_own else 3) + (not is_main)

    def _is_native(self, frame: FrameType | None) -> bool:
        """Whether a thread is inside a library that makes sockets in C or Rust."""
        for _ in range(MAX_FRAMES):
            if frame is None:
                return False
            name = str(frame.f_globals.get("__name__"))
            if name.partition(".")[0] in self._packages:
                return True
            frame = frame.f_back
        return False

    def _end(self, record: SocketRecord) -> None:
        local, remote = record.local, record.remote
        seen = look_up(local, remote) if local and remote else None
        by = None if seen is None else first_closer(seen.state)
        self._book.close(record, by, time.monotonic())


def _task_of(ident: int) -> str | None:
    """Return the name of the task that runs in a thread's loop, if one does."""
    running = getattr(sys.modules.get("asyncio.tasks"), "_current_tasks", {})
    for loop, task in list(running.items()):
        if getattr(loop, "_thread_id", None) == ident:
            return str(task.get_name())
    return None
