"""A thread that wakes from time to time."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from urlsession.testing import wait_until
from urlsession.watch.capture.pulse import Pulse

from ..native import threads


def test_pulse_beats_again_after_what_the_beat_says() -> None:
    """Until it is stopped: then its thread has gone."""
    beats: list[int] = []

    def beat() -> float:
        beats.append(threading.get_ident())
        return 0.0 if len(beats) < 3 else 30.0

    before = threads()
    pulse = Pulse(beat, 0.0)
    pulse.start()
    has_beaten = wait_until(lambda: len(beats) == 3)
    pulse.stop()

    assert has_beaten
    assert set(beats) != {threading.get_ident()}
    assert threads() <= before


def test_pulse_ends_by_itself() -> None:
    """When the beat says no more; it can be started again."""
    before = threads()
    beats: list[int] = []
    pulse = Pulse(lambda: beats.append(1), 0.0)
    pulse.start()
    has_ended = wait_until(lambda: threads() <= before)
    pulse.start()
    has_beaten = wait_until(lambda: len(beats) == 2)
    pulse.stop()

    assert has_ended
    assert has_beaten


FORKING = """
import os
from urlsession.watch.capture.pulse import Pulse

def threads():
    return len(os.listdir("/proc/self/task"))

stays = Pulse(lambda: 30.0, 30.0)
comes = Pulse(lambda: 30.0, 30.0, in_children=True)
stays.start()
comes.start()
before = threads()
child = os.fork()
if child == 0:
    os._exit(threads())
after = threads()
print(before, after, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stays.stop()
comes.stop()
"""


FORKING_AT_ONCE = """
import os, threading
from urlsession.watch.capture.pulse import Pulse

pulse = Pulse(lambda: 0.0, 0.0, in_children=True)
pulse.start()

def fork():
    for _ in range(20):
        child = os.fork()
        if child == 0:
            os._exit(len(os.listdir("/proc/self/task")))
        found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

found = []
threads = [threading.Thread(target=fork) for _ in range(4)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(len(found), set(found))
pulse.stop()
"""

EXECUTING = """
import os, subprocess
from urlsession.watch.capture.pulse import Pulse

pulse = Pulse(lambda: 30.0, 30.0, in_children=True)
pulse.start()

def alone():
    if len(os.listdir("/proc/self/task")) != 1:
        os._exit(3)

print(subprocess.run(["true"], preexec_fn=alone).returncode)
pulse.stop()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "words"),
    [
        (FORKING_AT_ONCE, ["80", "{2}"]),
        (EXECUTING, ["0"]),
    ],
    ids=["at once", "to execute"],
)
def test_pulse_comes_through_forks(program: str, words: list[str]) -> None:
    """From threads at the same time; and not before another program is executed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (words, "")


@pytest.mark.slow
def test_pulse_stands_still_while_the_process_forks() -> None:
    """It goes on in the parent; in a child only where that was asked for.

    From Python 3.12 on, a fork beside other threads is warned of.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (["3", "3", "2"], "")
