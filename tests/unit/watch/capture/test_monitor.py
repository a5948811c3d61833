"""Connections that C makes are found while the program runs."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from urlsession.testing import wait_until
from urlsession.watch.adapters import URLSessionAdapter
from urlsession.watch.capture.book import SocketBook
from urlsession.watch.capture.monitor import Monitor
from urlsession.watch.capture.owners import OwnerBook
from urlsession.watch.capture.stack import StackReader
from urlsession.watch.code import CodeMap
from urlsession.watch.observer import Observer

from ..conftest import StandIn
from ..native import connect, threads

pytestmark = pytest.mark.leaves_connections_open(reason="C's are closed by number")

Make = Callable[[], StandIn]


@pytest.fixture
def book() -> SocketBook:
    return SocketBook()


@pytest.fixture
def told() -> set[int]:
    """Return what another source knows."""
    return set()


@pytest.fixture
def baseline() -> set[int]:
    """Return what was there before."""
    return set()


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def monitor(
    book: SocketBook, told: set[int], baseline: set[int], problems: list[str]
) -> Iterator[Monitor]:
    """Return a monitor that looks when it is told to."""
    for name in os.listdir("/proc/self/fd"):
        try:
            baseline.add(os.stat(int(name)).st_ino)
        except OSError:
            continue  # the listing's own
    one = Monitor(
        book=book,
        stack=StackReader(CodeMap(()), OwnerBook()),
        served_ports=set,
        baseline=lambda: frozenset(baseline),
        is_told=told.__contains__,
        problem=problems.append,
    )
    yield one
    one.stop()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def test_connection_of_c_is_entered_once_as_a_guess(
    monitor: Monitor, book: SocketBook, server: socket.socket
) -> None:
    """With its addresses, and the line that ran."""
    fd = connect(server.getsockname())
    monitor.look()
    monitor.look()
    (record,) = book.open_records()
    inode = os.fstat(fd).st_ino
    os.close(fd)

    assert (record.inode, record.fd, record.is_inferred) == (inode, fd, True)
    assert record.remote == server.getsockname()
    assert record.owner is None


def test_connection_that_is_gone_is_closed(
    monitor: Monitor, book: SocketBook, server: socket.socket
) -> None:
    """Who was first is asked of the kernel."""
    fd = connect(server.getsockname())
    monitor.look()
    accepted, _ = server.accept()
    os.close(fd)
    monitor.look()
    (record,) = book.closed_records()
    accepted.close()

    assert book.open_records() == []
    assert record.closed_by is not None


def test_connection_of_python_is_left_to_its_hooks(
    monitor: Monitor, book: SocketBook, server: socket.socket
) -> None:
    """It is entered before it connects; only they see its end."""
    with socket.socket() as sock:
        record = book.open(os.fstat(sock.fileno()).st_ino, sock.fileno(), 0.0)
        record.socket = lambda: sock  # type: ignore[assignment]  # called as a weak reference is
        sock.connect(server.getsockname())
        monitor.look()
    monitor.look()

    assert book.open_records() == [record]
    assert not record.is_inferred


def test_what_others_know_and_what_was_accepted_is_passed_over(
    monitor: Monitor, book: SocketBook, server: socket.socket, told: set[int]
) -> None:
    """As are sockets that are no connections."""
    fd = connect(server.getsockname())
    told.add(os.fstat(fd).st_ino)
    accepted, _ = server.accept()
    pair = socket.socketpair()
    monitor.look()
    found = book.open_records()
    os.close(fd)
    for one in (accepted, *pair):
        one.close()

    assert found == []


def test_what_was_there_before_is_passed_over(
    monitor: Monitor, book: SocketBook, server: socket.socket, baseline: set[int]
) -> None:
    """A child has its parent's."""
    fd = connect(server.getsockname())
    baseline.add(os.fstat(fd).st_ino)
    monitor.look()
    found = book.open_records()
    os.close(fd)

    assert found == []


def test_connection_that_appears_while_it_runs_is_found(
    monitor: Monitor, book: SocketBook, server: socket.socket, problems: list[str]
) -> None:
    """And its thread ends with it."""
    before = threads()
    monitor.start("some_extension.module")
    fd = connect(server.getsockname())
    is_found = wait_until(lambda: len(book.open_records()) == 1)
    os.close(fd)
    is_closed = wait_until(lambda: not book.open_records())
    monitor.stop()

    assert is_found
    assert is_closed
    assert problems == []
    assert wait_until(lambda: threads() <= before)


def test_line_is_that_of_the_thread_that_is_in_c(
    monitor: Monitor, book: SocketBook, server: socket.socket
) -> None:
    """Not of the main one, which waits in Python for it."""
    fds: list[int] = []
    held = threading.Lock()
    held.acquire()

    def ask() -> None:
        fds.append(connect(server.getsockname()))
        held.acquire(timeout=5)

    thread = threading.Thread(target=ask, name="asker")
    thread.start()
    monitor.start("some_extension")
    wait_until(lambda: bool(book.open_records()))
    held.release()
    thread.join()
    (record,) = book.open_records()
    os.close(fds[0])

    assert record.opened_by is not None
    assert record.opened_by.function.rpartition(".")[2] == "ask"
    assert record.thread == "asker"


def test_task_that_runs_is_named(
    monitor: Monitor, book: SocketBook, server: socket.socket
) -> None:
    """Where it calls C code that does not give way."""
    fds: list[int] = []

    async def ask() -> None:
        fds.append(connect(server.getsockname()))
        monitor.start("some_extension")
        wait_until(lambda: bool(book.open_records()))

    async def main() -> None:
        await asyncio.create_task(ask(), name="asker")

    asyncio.run(main())
    (record,) = book.open_records()
    os.close(fds[0])

    assert record.task == "asker"


def test_monitor_takes_a_hundredth_of_a_processor(monitor: Monitor) -> None:
    """However long one look takes."""
    pairs = [socket.socketpair() for _ in range(100)]
    began = time.thread_time()
    wait_s = monitor._beat()
    took_s = time.thread_time() - began
    for one, other in pairs:
        one.close()
        other.close()

    assert wait_s >= 0.02
    assert took_s / wait_s < 0.012


def test_connection_of_our_own_client_is_told_once(
    make_session: Make, observer: Observer
) -> None:
    """Its ledger knows it, whatever the monitor guessed before."""
    session = make_session()
    inode, fd = session.connection.inode, session.connection.fd
    # The stand-in's socket is Python's; libcurl's are not heard connecting.
    heard = observer._book.of_inode(inode)
    assert heard is not None
    observer._book.drop(heard)
    guessed = observer._book.infer(inode, fd, 0.0)
    (finding,) = observer.check().connections
    session.invalidate()

    assert guessed is not None
    assert not finding.facts.is_inferred
    assert finding.facts.library == URLSessionAdapter.name


def test_observer_starts_it_with_a_module_that_makes_sockets() -> None:
    """And no thread is left when it stops."""

    class Library:
        name = "library"
        modules = internals = ()
        native_modules = ("threading",)  # one that is loaded

        def start(self, sink: object) -> None:
            pass

        def stop(self) -> None:
            pass

        def sightings(self, kernel: object) -> tuple[()]:
            return ()

    before = threads()
    observer = Observer(adapters=[Library()])  # type: ignore[list-item]  # it names no owner
    observer.start()
    during = threads() - before, threading.active_count()
    observer.stop()

    assert (len(during[0]), during[1]) == (1, threading.active_count())
    assert wait_until(lambda: threads() <= before)


OWN_CLIENT = """
import contextlib, os
from urlsession import URLSession, watch

watch.start()
with URLSession() as session, contextlib.suppress(OSError):
    session.data("http://127.0.0.1:1/").result(timeout=5)
ours = len(os.listdir("/proc/self/task"))
import pycurl
before = len(os.listdir("/proc/self/task"))
handle = pycurl.Curl()
print(before - ours, len(os.listdir("/proc/self/task")) - before, type(handle) is pycurl.Curl)
watch.stop()
print(type(handle) is pycurl.Curl, isinstance(handle, pycurl.Curl))
"""


@pytest.mark.slow
def test_our_own_client_is_no_reason_to_look() -> None:
    """It keeps a ledger; somebody else's handle is."""
    done = subprocess.run(
        [sys.executable, "-c", OWN_CLIENT],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (
        ["0", "1", "True", "False", "True"],
        "",
    )
