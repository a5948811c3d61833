"""Programs of other libraries do under watch what they do alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from urlsession.testing import fixed_body

from ..conftest import Serve
from .running import run_watched

# Each prints what it saw: replies, descriptors, threads, and the order in which its
# sockets were closed. Nothing in the output may depend on time.
REPLIES = """
import gc, os, socket, sys, threading, warnings
warnings.simplefilter("error", ResourceWarning)
URL = sys.argv[1]

class Told:
    closed = []

def noting(sock, name):
    # A finalizer of the program's own, which must run when and in the order it did.
    import weakref
    weakref.finalize(sock, Told.closed.append, name)

def state(label):
    print(label, len(os.listdir("/proc/self/fd")), threading.active_count())
"""
PROGRAMS = {
    "sockets": """
from urllib.parse import urlsplit
address = (urlsplit(URL).hostname, urlsplit(URL).port)
sockets = [socket.create_connection(address) for _ in range(5)]
for at, one in enumerate(sockets):
    noting(one, at)
state("open")
for at in (3, 1, 4):
    sockets[at].close()
    state(f"closed {at}")
del one
sockets[3] = sockets[1] = sockets[4] = None
print(Told.closed)
for one in sockets:
    if one is not None:
        one.close()
sockets.clear()
del one
print(Told.closed)
state("end")
""",
    "requests": """
import requests
from requests.adapters import HTTPAdapter

class Counting(HTTPAdapter):
    sent = 0
    def send(self, request, **options):
        Counting.sent += 1
        return super().send(request, **options)

with requests.Session() as session:
    session.mount("http://", Counting())
    replies = [session.get(URL, headers={"X-At": str(at)}) for at in range(5)]
    print([(one.status_code, one.content, one.request.headers["X-At"])
           for one in replies])
    try:
        session.get("http://127.0.0.1:1/")
    except requests.ConnectionError as error:
        print(type(error).__name__, type(error.args[0]).__name__)
    print(Counting.sent, session.get.__doc__[:20], requests.Session.__init__.__name__)
    state("pooled")
state("end")
""",
    "httpx": """
import httpx, inspect
events = []
with httpx.Client(event_hooks={"request": [lambda r: events.append(r.method)],
                               "response": [lambda r: events.append(r.status_code)]}
                  ) as client:
    for _ in range(3):
        print(client.post(URL, json={"a": 1}).text)
    with client.stream("GET", URL) as reply:
        print(b"".join(reply.iter_bytes()))
    state("pooled")
print(events, list(inspect.signature(httpx.Client.__init__).parameters)[:3])
state("end")
""",
    "aiohttp": """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async def one(at):
            async with session.get(URL, params={"at": at}) as reply:
                return at, reply.status, await reply.read()
        print(await asyncio.gather(*(one(at) for at in range(10))))
        print(len(asyncio.all_tasks()))
    state("closed")
asyncio.run(main())
state("end")
""",
    "an error": """
import http.client
connection = http.client.HTTPConnection("127.0.0.1", 1)
try:
    connection.request("GET", "/")
except OSError as error:
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    print(type(error).__name__, error.errno, frames)
state("end")
""",
}


@pytest.mark.slow
@pytest.mark.needs(modules=("requests", "httpx", "aiohttp"))
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_program_says_the_same_alone_and_watched(
    tmp_path: Path, serve: Serve, program: str
) -> None:
    """Replies, descriptors, threads, tracebacks, and the order of closing."""
    server = serve(fixed_body(b"x" * 64))
    watched = run_watched(tmp_path, REPLIES + program, server.url())
    alone = subprocess.run(
        [sys.executable, "app.py", server.url()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=15,
    )

    assert alone.stderr == ""
    assert watched.out == alone.stdout
    assert watched.exit_code == alone.returncode == 0
    assert watched.report["problems"] == []
    assert watched.kinds == []


FLAT = """
import gc, os, socket, sys
from urllib.parse import urlsplit
address = (urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port)

def resident_kib():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

def run(count):
    for _ in range(count):
        socket.create_connection(address).close()
    gc.collect()
    return resident_kib()

run(10_000)
before = run(1_000)
after = run(39_000)
print(after - before)
"""


# Accepts and closes, in a process of its own; ends with its standard input.
ACCEPT = """
import socket, sys, threading
def serve():
    while True:
        listener.accept()[0].close()
listener = socket.create_server(("127.0.0.1", 0), backlog=512)
threading.Thread(target=serve, daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_memory_is_flat_over_fifty_thousand_connections(tmp_path: Path) -> None:
    """Closed ones are a bounded history; the count goes on."""
    with subprocess.Popen(
        [sys.executable, "-c", ACCEPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        watched = run_watched(tmp_path, FLAT, url, within_s=50)
        assert server.stdin is not None
        server.stdin.close()
    summary = watched.report["summary"]

    assert int(watched.out) < 1024, "KiB"
    assert summary["connections"] + summary["forgotten"] == 50_000
    assert summary["connections"] <= 4096


STOPPED = """
import http.client, socket, sys
before = (dict(vars(socket.socket)), dict(vars(http.client.HTTPConnection)),
          list(sys.meta_path))
from urlsession import watch
watch.start()
import requests, httpx, aiohttp, urllib3
watch.stop()
after = (dict(vars(socket.socket)), dict(vars(http.client.HTTPConnection)),
         list(sys.meta_path))
print(before == after)
print([name for module in (requests, httpx, aiohttp, urllib3)
       for cls in vars(module).values() if isinstance(cls, type)
       for name, value in vars(cls).items()
       if str(getattr(value, "__module__", "")).startswith("urlsession")
       or getattr(getattr(value, "__code__", None), "co_filename", "").find("/watch/") > 0])
"""


@pytest.mark.slow
@pytest.mark.needs(modules=("requests", "httpx", "aiohttp"))
def test_stop_leaves_every_class_as_it_was(tmp_path: Path) -> None:
    """Nothing of ours is left in a class or in the import system."""
    done = subprocess.run(
        [sys.executable, "-c", STOPPED],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        timeout=15,
    )

    assert done.stdout.split("\n")[:2] == ["True", "[]"]


@pytest.mark.slow
@pytest.mark.parametrize("by_environment", [False, True])
def test_pytest_that_fails_on_warnings_has_none_of_ours(
    tmp_path: Path, *, by_environment: bool
) -> None:
    """A watched pytest finds this package imported, which it would warn of."""
    (tmp_path / "test_app.py").write_text("def test_one() -> None:\n    pass\n")
    under_test = ("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    watch = () if by_environment else ("-m", "urlsession", "watch")
    done = subprocess.run(
        [sys.executable, *watch, *under_test, "test_app.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=15,
        env=os.environ | ({"URLSESSION_WATCH": "1"} if by_environment else {}),
    )

    assert done.returncode == 0, done.stderr
    assert "1 passed" in done.stdout
    assert "urlsession watch: pytest" in done.stderr
    assert "arning" not in done.stdout + done.stderr
