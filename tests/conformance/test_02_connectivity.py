"""Loads that wait for a way to their host, in network namespaces without one.

Each program runs in a namespace of its own, which has no route, and gets an address
for its server when the test's time has come.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from urlsession import URLError, URLErrorCode, URLSession, URLSessionConfiguration
from urlsession.testing import RecordingDelegate

from .proxy_servers import free_port

ROW = "2:waitsForConnectivity"
CALLBACK = "4:URLSession:taskIsWaitingForConnectivity:"

HEAD = """
import asyncio, subprocess, sys, threading, time
from urlsession import URLError, URLSession, URLSessionConfiguration
from urlsession.testing import LoopbackServer, RecordingDelegate, fixed_body, wait_until

def ip(*words):
    subprocess.run(["ip", *words], check=True)

def up():
    ip("addr", "add", "10.9.9.9/32", "dev", "lo")

configuration = URLSessionConfiguration.ephemeral()
configuration.waits_for_connectivity = True
delegate = RecordingDelegate()
WAITING = "task_is_waiting_for_connectivity"
ip("link", "set", "lo", "up")
server = LoopbackServer(fixed_body(b"here"), host="0.0.0.0").start()
url = f"http://10.9.9.9:{server.port}/"

def ended():
    assert wait_until(lambda: not any(
        one.name == "urlsession-connectivity" for one in threading.enumerate()))
"""


def can_unshare() -> bool:
    """Whether this user may make a network namespace."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin") is None:
        return False
    return subprocess.run([unshare, "-n", "true"], check=False).returncode == 0


needs_namespace = pytest.mark.skipif(
    not can_unshare(), reason="needs the right to make a network namespace (root)"
)


def run(program: str) -> list[str]:
    """Run a program in a namespace; return the lines that it prints."""
    ended = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", HEAD + program],
        capture_output=True,
        text=True,
        timeout=18,
        check=False,
        env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


@needs_namespace
@pytest.mark.slow
@pytest.mark.parity(ROW, CALLBACK)
def test_load_goes_on_when_there_is_a_way() -> None:
    """At once: the kernel tells. The delegate is told of the wait, once."""
    lines = run("""
with URLSession(configuration, delegate) as session:
    task = session.data(url)
    delegate.wait_for(WAITING)
    time.sleep(4)
    up()
    begun = time.monotonic()
    print(task.result(10).data.decode(), time.monotonic() - begun < 1)
    ended()
print(delegate.count(WAITING))
server.stop()
""")

    assert lines == ["here", "True", "1"]


@needs_namespace
@pytest.mark.slow
@pytest.mark.parity(ROW, CALLBACK)
def test_load_goes_on_on_a_loop_too() -> None:
    """With a body, which is sent then."""
    lines = run("""
from urlsession import URLRequest
async def main():
    async with URLSession(configuration, delegate) as session:
        task = session.data(URLRequest(url, method="POST", body=[b"a", b"b"]))
        while not delegate.count(WAITING):
            await asyncio.sleep(0.01)
        up()
        print((await task).data.decode())
asyncio.run(main())
print(server.requests[0].body.decode(), delegate.count(WAITING))
ended()
server.stop()
""")

    assert lines == ["here", "ab", "1"]


@needs_namespace
@pytest.mark.slow
@pytest.mark.parity(ROW)
@pytest.mark.parametrize("where", ["url", "'http://no-such.example/'"])
def test_wait_is_bounded_by_the_resource_timer(where: str) -> None:
    """-1001; the idle timer is off meanwhile. A name that is not found waits too."""
    lines = run(f"""
configuration.timeout_interval_for_resource = 1.5
configuration.timeout_interval_for_request = 0.2
with URLSession(configuration, delegate) as session:
    begun = time.monotonic()
    try:
        session.data({where}).result(10)
    except URLError as error:
        print(error.code.value, 1.4 < time.monotonic() - begun < 4)
print(delegate.count(WAITING))
ended()
server.stop()
""")

    assert lines == ["-1001", "True", "1"]


@needs_namespace
@pytest.mark.slow
@pytest.mark.parity(ROW)
def test_waiting_load_can_be_cancelled_and_suspended() -> None:
    """It leaves nothing behind; a suspended one goes on when it is resumed."""
    lines = run("""
with URLSession(configuration, delegate) as session:
    task = session.data(url)
    other = session.data(url)
    delegate.wait_for(WAITING, count=2)
    task.cancel()
    try:
        task.result(5)
    except URLError as error:
        print(error.code.value)
    other.suspend()
    up()
    time.sleep(0.5)
    print(other.state.name, len(server.requests))
    other.resume()
    print(other.result(5).data.decode())
ended()
server.stop()
""")

    assert lines == ["-999", "SUSPENDED", "0", "here"]


@needs_namespace
@pytest.mark.slow
@pytest.mark.parity(ROW)
def test_load_that_does_not_wait_fails_at_once() -> None:
    """As without the property: -1009."""
    lines = run("""
configuration.waits_for_connectivity = False
with URLSession(configuration, delegate) as session:
    try:
        session.data(url).result(5)
    except URLError as error:
        print(error.code.value, delegate.count(WAITING))
server.stop()
""")

    assert lines == ["-1009", "0"]


@pytest.mark.parity(ROW)
def test_refused_connection_is_not_waited_for() -> None:
    """There is a way, and somebody at its end who says no."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    delegate = RecordingDelegate()
    with (
        URLSession(configuration, delegate) as session,
        pytest.raises(URLError) as caught,
    ):
        session.data(f"http://127.0.0.1:{free_port()}/").result(5)

    assert caught.value.code is URLErrorCode.CANNOT_CONNECT_TO_HOST
    assert delegate.count("task_is_waiting_for_connectivity") == 0
