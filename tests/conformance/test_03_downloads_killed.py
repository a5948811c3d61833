"""Nothing is lost and nothing comes twice, wherever servers die."""

from __future__ import annotations

import hashlib
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from urlsession import URLError, URLSession, URLSessionConfiguration

from .ranges import left_files, pattern

# A server in a process of its own that kills itself, as kill -9 would, when it has
# sent so many bytes of a body. Bare, because a hundred of them are started.
_SERVER = """
import os, re, signal, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
body = open(sys.argv[2], "rb").read()
left = int(sys.argv[3])
while True:
    connection, _ = listener.accept()
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += connection.recv(65536)
    asked = re.search(rb"Range: bytes=(\\d+)-", head)
    start = int(asked[1]) if asked else 0
    status = b"206 Partial Content" if asked else b"200 OK"
    connection.sendall(
        b"HTTP/1.1 %b\\r\\nContent-Length: %d\\r\\nETag: \\"one\\"\\r\\n"
        b"Content-Range: bytes %d-%d/%d\\r\\nAccept-Ranges: bytes\\r\\n\\r\\n"
        % (status, len(body) - start, start, len(body) - 1, len(body))
    )
    connection.sendall(body[start : start + left])
    if start + left < len(body):
        os.kill(os.getpid(), signal.SIGKILL)
    connection.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parity("1:downloadTask(withResumeData:)")
def test_download_survives_a_hundred_servers_that_are_killed(
    configuration: URLSessionConfiguration, folder: Path, tmp_path: Path
) -> None:
    """At random bytes, with resume after resume; the hash is that of the whole."""
    kills, dice = 100, random.Random(4)
    body = pattern(4_000_003)
    cuts = sorted(dice.sample(range(1, len(body)), kills))
    pieces = [b - a for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    source = tmp_path / "source"
    source.write_bytes(body)
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    data: bytes | None = None
    deaths = 0
    with listener, URLSession(configuration) as session:
        for piece in pieces:
            server = _start(listener, source, piece)
            task = session.download(None if data else url, resume_data=data)
            try:
                location, _ = task.result(timeout=20)
            except URLError as error:
                deaths += 1
                data = error.download_task_resume_data
                assert data is not None
                assert server.wait(timeout=20) == -9
            else:
                server.kill()
                server.wait()

    found = hashlib.sha256(location.read_bytes()).hexdigest()
    assert deaths == kills
    assert found == hashlib.sha256(body).hexdigest()
    assert left_files(folder) == [location.name]


def _start(
    listener: socket.socket, source: Path, piece: int
) -> subprocess.Popen[bytes]:
    number = str(listener.fileno())
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SERVER, number, str(source), str(piece)],
        pass_fds=[listener.fileno()],
    )
