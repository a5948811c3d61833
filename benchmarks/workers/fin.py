"""Shared by the workers of the FIN scenarios: the witness, and one job's repeats.

The witness is another process with raw sockets. It notes on CLOCK_MONOTONIC,
which all processes of a Linux machine share, when each connection reached its
end; what is reported is that time less the time just before the session was told
to go.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from benchmarks.workers.harness import Job, Sample, raise_descriptor_limit

__all__ = ("Times", "Witness", "async_job", "blocking_job", "now")

SPARE_DESCRIPTORS = 200  # pipes, libraries, the loop
REPEATS = {1: 20, 1000: 3}  # by number of connections; short ones need more


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds from the call to the first and to the last FIN."""

    first_ms: float
    last_ms: float


def now() -> float:
    """Return the clock that the witness uses too, in seconds."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Witness:
    """The server process that sees the FINs; the `with` block is its life."""

    url: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers.fin_witness"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(self._read_line())
        self.url = f"http://127.0.0.1:{port}/1k"
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The end of its standard input ends the witness.
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=10)
        self._pipe(self._process.stdout).close()

    def expect(self, count: int) -> None:
        """Hold every reply back until `count` requests are there, on as many sockets."""
        self._send(f"expect {count}")
        self._read_line()

    def wait_all_closed(self, start: float) -> Times:
        """Wait for the end of every connection; blocks.

        Raises:
            RuntimeError: Some were still open when the witness gave up.
        """
        self._send("report")
        answer = json.loads(self._read_line())
        if answer["open"]:
            raise RuntimeError(f"{answer['open']} connections got no FIN")
        ended = answer["ended"]
        return Times(
            first_ms=(min(ended) - start) * 1e3, last_ms=(max(ended) - start) * 1e3
        )

    async def wait_all_closed_async(self, start: float) -> Times:
        """As `wait_all_closed`, while the event loop goes on."""
        return await asyncio.to_thread(self.wait_all_closed, start)

    def _send(self, command: str) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.write(command + "\n")
        pipe.flush()

    def _read_line(self) -> str:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise RuntimeError("the witness ended early")
        return line

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def async_job(
    one: Callable[[Witness, int], Awaitable[Times]],
) -> Callable[[Job], Awaitable[Sample]]:
    """Make a coroutine job of one session's measurement, repeated."""

    async def run(job: Job) -> Sample:
        raise_descriptor_limit(job.in_flight + SPARE_DESCRIPTORS)
        seen: list[Times] = []
        with Witness() as witness:
            for _ in range(REPEATS.get(job.in_flight, 5)):
                witness.expect(job.in_flight)
                seen.append(await one(witness, job.in_flight))
        return _sample(seen)

    return run


def blocking_job(one: Callable[[Witness, int], Times]) -> Callable[[Job], Sample]:
    """As `async_job`, for a measurement that blocks."""

    def run(job: Job) -> Sample:
        raise_descriptor_limit(job.in_flight + SPARE_DESCRIPTORS)
        seen: list[Times] = []
        with Witness() as witness:
            for _ in range(REPEATS.get(job.in_flight, 5)):
                witness.expect(job.in_flight)
                seen.append(one(witness, job.in_flight))
        return _sample(seen)

    return run


def _sample(seen: list[Times]) -> Sample:
    return Sample(
        n=len(seen),
        values={
            "last_ms": statistics.median(times.last_ms for times in seen),
            "first_ms": statistics.median(times.first_ms for times in seen),
            "worst_ms": max(times.last_ms for times in seen),
        },
    )
