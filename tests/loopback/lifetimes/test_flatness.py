"""Many connections, one after the other: what the process holds stays the same."""

from __future__ import annotations

import gc
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from urlsession import URLSession
from urlsession.testing import ServerConnection, descriptors, fixed_body

from .doors import Door, Site

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SESSIONS = 10_000
MEMORY_LIMIT_BYTES = 4 * 1024 * 1024  # a leak of 1 KiB a session would be 8 MiB


def resident_bytes() -> int:
    """Return the memory that this process holds."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_BYTES


def serve_bare(listener: socket.socket) -> None:
    """Answer every request with one byte, for as long as the process lives.

    Runs in a process of its own: the suite's server has a thread per connection,
    and shares the interpreter with the client.
    """
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    epoll = select.epoll()
    epoll.register(listener, select.EPOLLIN)
    open_by_fd: dict[int, socket.socket] = {}
    while True:
        for fd, _events in epoll.poll():
            if fd == listener.fileno():
                accepted, _address = listener.accept()
                open_by_fd[accepted.fileno()] = accepted
                epoll.register(accepted, select.EPOLLIN)
            elif open_by_fd[fd].recv(65536):
                open_by_fd[fd].sendall(reply)
            else:
                open_by_fd.pop(fd).close()


@pytest.fixture
def bare_url() -> Iterator[str]:
    """Return the URL of a server in another process."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        program = (
            f"import socket; from {__name__} import serve_bare; "
            f"serve_bare(socket.socket(fileno={listener.fileno()}))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program],
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as process:
            try:
                yield url
            finally:
                process.kill()


def sockets() -> list[str]:
    """Return the descriptors but for files: the shared cache opens its own at times."""
    return [one for one in descriptors().values() if not one.startswith("/")]


def threads() -> list[str]:
    """Return the threads but for the shared cache's, which comes and goes."""
    return [one.name for one in threading.enumerate() if one.name != "urlsession-cache"]


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parity(
    "16.4:leak symptoms",
    "18:7 #5203 crash tearing down",
    "18:11 #3831 memory per request",
)
def test_10000_sessions_made_used_once_invalidated_leave_everything_flat(
    door: Door, bare_url: str
) -> None:
    """Descriptors, threads and memory; with the collector off, so by themselves."""

    async def story(door: Door) -> None:
        for number in range(SESSIONS):
            session = URLSession()
            await door.load(session, bare_url)
            session.invalidate_and_cancel()
            if number == SESSIONS // 5:  # allocators and caches have settled
                gc.collect()
                settled.append((len(sockets()), len(threads())))
                memory.append(resident_bytes())
        await door.pause(0.05)
        settled.append((len(sockets()), len(threads())))
        memory.append(resident_bytes())

    settled: list[tuple[int, int]] = []
    memory: list[int] = []
    gc.collect()
    gc.disable()
    try:
        door.run(story)
    finally:
        gc.enable()

    assert settled[1][0] <= settled[0][0]
    assert settled[1][1] <= settled[0][1]
    assert memory[1] - memory[0] <= MEMORY_LIMIT_BYTES


def answer_and_close(connection: ServerConnection) -> None:
    """Answer once and close: FIN without close_notify."""
    if connection.recv_request():
        connection.send_response(200, [("Connection", "close")], b"x")


def never_answer(connection: ServerConnection) -> None:
    """Read a request and leave it at that."""
    connection.recv_request()
    connection.hold()


def answer_and_vanish(connection: ServerConnection) -> None:
    """Answer once and close without a word that this would come."""
    if connection.recv_request():
        connection.send_response(body=b"x")


@pytest.mark.slow
@pytest.mark.parametrize(
    "handler", [answer_and_close, answer_and_vanish], ids=["told", "untold"]
)
def test_peer_never_sends_tls_close_notify_200_closes_descriptor_count_flat(
    door: Door, secure_site: Site, handler: object
) -> None:
    """The peer closes each connection after its one reply."""
    server = secure_site.start(handler)  # type: ignore[arg-type]  # a parameter of pytest
    counts: list[int] = []

    async def story(door: Door) -> None:
        session = URLSession(secure_site.configuration())
        for _ in range(200):
            await door.load(session, server.url())
            counts.append(sum("socket" in one for one in descriptors().values()))
        assert await door.until(lambda: session.connections() == [], 1.0)
        session.invalidate_and_cancel()

    door.run(story)

    assert server.accepted == 200
    assert max(counts[100:]) <= max(counts[:100]) + 4  # the server's own closes lag


@pytest.mark.slow
def test_peer_never_sends_tls_close_notify_200_sessions_descriptor_count_flat(
    door: Door, secure_site: Site
) -> None:
    """We close each connection, and do not wait for an answer to our close_notify."""
    server = secure_site.start(fixed_body(b"x"))
    counts: list[int] = []

    async def story(door: Door) -> None:
        for _ in range(200):
            session = URLSession(secure_site.configuration())
            await door.load(session, server.url())
            session.invalidate_and_cancel()
            counts.append(len(descriptors()))

    door.run(story)

    assert server.accepted == 200
    assert max(counts[100:]) <= max(counts[:100]) + 4


@pytest.mark.slow
def test_peer_never_answers_50_cancelled_loads_descriptor_count_flat(
    door: Door, site: Site
) -> None:
    """A load that is cancelled in the middle leaves no socket to wait for an answer."""
    server = site.start(never_answer)
    counts: list[int] = []

    async def story(door: Door) -> None:
        session = URLSession(site.configuration())
        for _ in range(50):
            task = session.data(server.url())
            assert await door.until(lambda: len(server.open_connections) == 1)
            assert await door.until(lambda: server.open_connections[0].requests == 1)
            task.cancel()
            assert await door.until(lambda: not server.open_connections, 0.25)
            counts.append(len(descriptors()))
        session.invalidate_and_cancel()

    door.run(story)

    assert max(counts[25:]) <= max(counts[:25]) + 4
