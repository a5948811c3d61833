"""Section 15: what an upload costs does not grow with its body."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from urlsession import MultipartForm, URLSession
from urlsession.testing import ServerConnection

if TYPE_CHECKING:
    from ..conftest import Serve

MIB = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_bytes() -> int:
    """Return how much memory this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Counting:
    """A server that counts a body and forgets it, and looks at the memory meanwhile."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._buffer = bytearray(MIB)
        self.peak = 0

    def handle(self, connection: ServerConnection) -> None:
        """Take one body; its length on the wire is not below the one that is told."""
        connection.recv_head()
        received = len(connection.recv())  # what came with the head, or after it
        look_at = 0
        while received < self._length:
            count = connection.socket.recv_into(self._buffer)
            if not count:
                return
            received += count
            if received >= look_at:
                self.peak = max(self.peak, resident_bytes())
                look_at = received + 8 * MIB
        connection.send_response(200, [("Connection", "close")])
        connection.shutdown_write()
        while connection.socket.recv_into(self._buffer):  # the frame of the last chunk
            pass


def iterable(length: int) -> Iterator[bytes]:
    """Give a body in pieces that are made anew."""
    for _ in range(length // MIB):
        yield bytes(MIB)


async def async_iterable(length: int) -> AsyncIterator[bytes]:
    """Give a body in pieces that are made anew."""
    for piece in iterable(length):
        yield piece


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parity("1:uploadTask(with:fromFile:)", "6:stream body")
@pytest.mark.parametrize(
    ("kind", "length"),
    [
        ("file", 1024 * MIB),
        ("form", 256 * MIB),
        ("iterable", 256 * MIB),
        ("async", 256 * MIB),
    ],
)
def test_memory_is_flat_whatever_the_length(
    serve: Serve, tmp_path: Path, kind: str, length: int
) -> None:
    """A file of 1 GiB is never in memory, nor is a stream."""
    path = tmp_path / "body"
    path.touch()
    os.truncate(path, length)  # nothing on the disk
    body: dict[str, Any] = {"from_file": path}
    if kind == "form":
        body = {"from_data": MultipartForm(files={"f": path})}
    elif kind != "file":
        make = iterable if kind == "iterable" else async_iterable
        body = {"from_data": make(length)}
    peer = Counting(length)
    server = serve(peer.handle)
    with URLSession() as session:
        before = resident_bytes()
        session.upload(server.url(), **body).result(100)

    assert peer.peak - before < 24 * MIB
