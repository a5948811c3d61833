"""Programs that a test runs in a process of their own, to see how they end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ("Ended", "run_program", "start_program")

LIMIT_S = 10.0  # a program that takes longer hangs

PROLOGUE = """
import atexit, os, sys

URL, ROOT, SHARED_URL = sys.argv[1:4]

@atexit.register
def report():  # registered first, so it runs after the package's own
    from urlsession.connections import LEDGER
    closed = [one.closed_by.value for one in LEDGER.closed_connections()]
    print("ledger:", len(LEDGER.open_connections()), *closed, flush=True)

import asyncio, threading
from urlsession import URLSession, URLSessionConfiguration, UsageError, URLError

def make(delegate=None):
    configuration = URLSessionConfiguration.ephemeral()
    configuration.trusted_certificates = ROOT
    return URLSession(configuration, delegate)

def loop_of(kind):
    if kind == "uvloop":
        import uvloop
        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    loop.slow_callback_duration = 60  # what a busy machine makes slow is not meant
    return loop

def run(story):
    with asyncio.Runner(loop_factory=lambda: loop_of(DOOR)) as runner:
        return runner.run(story())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended.

    Attributes:
        code: Its exit code; negative for a signal.
        out: What it printed, by lines.
        err: What it wrote to stderr.
    """

    code: int
    out: list[str]
    err: str


def start_program(
    body: str, door: str, arguments: Sequence[str]
) -> subprocess.Popen[str]:
    """Start a program that has `PROLOGUE` before its body."""
    # A fork with threads is what is tested; newer Pythons warn of that.
    options = ("-X", "dev", "-W", "ignore::DeprecationWarning")
    program = f"DOOR = {door!r}\n{PROLOGUE}{body}"
    return subprocess.Popen(
        [sys.executable, *options, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def run_program(body: str, door: str, arguments: Sequence[str]) -> Ended:
    """Run such a program to its end.

    Raises:
        subprocess.TimeoutExpired: It hangs.
    """
    with start_program(body, door, arguments) as process:
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ended(code=process.returncode, out=out.splitlines(), err=err)
