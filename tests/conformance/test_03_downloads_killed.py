"""Nothing is lost and nothing comes twice, wherever servers die."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from urlsession import URLError, URLSession, URLSessionConfiguration

from .ranges import left_files, pattern

# One process after the other serves one request, and kills itself, as kill -9 would,
# when it has sent so many bytes of the body. Forked, because there are a hundred.
_SERVERS = """
import os, re, signal, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
body = open(sys.argv[1], "rb").read()

def serve(count):
    connection, _ = listener.accept()
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += connection.recv(65536)
    asked = re.search(rb"Range: bytes=(\\d+)-", head)
    start = int(asked[1]) if asked else 0
    connection.sendall(
        b"HTTP/1.1 %b\\r\\nContent-Length: %d\\r\\nETag: \\"one\\"\\r\\n"
        b"Content-Range: bytes %d-%d/%d\\r\\nAccept-Ranges: bytes\\r\\n\\r\\n"
        % (
            b"206 Partial Content" if asked else b"200 OK",
            len(body) - start, start, len(body) - 1, len(body)
        )
    )
    connection.sendall(body[start : start + count])
    if start + count < len(body):
        os.kill(os.getpid(), signal.SIGKILL)
    connection.recv(1)  # the client goes first
    os._exit(0)

for count in map(int, sys.argv[2].split(",")):
    child = os.fork()
    if child == 0:
        serve(count)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
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
    servers = subprocess.Popen(
        [sys.executable, "-c", _SERVERS, str(source), ",".join(map(str, pieces))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert servers.stdout is not None
    url = f"http://127.0.0.1:{servers.stdout.readline().strip()}/"
    data: bytes | None = None
    deaths = 0
    with URLSession(configuration) as session:
        while True:
            task = session.download(None if data else url, resume_data=data)
            try:
                location, _ = task.result(timeout=20)
            except URLError as error:
                deaths += 1
                data = error.download_task_resume_data
                assert data is not None
            else:
                break
    ends, _ = servers.communicate(timeout=20)

    found = hashlib.sha256(location.read_bytes()).hexdigest()
    assert deaths == kills
    assert ends.split() == ["-9"] * kills + ["0"]
    assert found == hashlib.sha256(body).hexdigest()
    assert left_files(folder) == [location.name]
