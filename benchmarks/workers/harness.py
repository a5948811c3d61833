"""What every worker shares: its job, the meter, the one JSON line it prints.

The meter calls `load_many(count)`, a loop that the client's own file spells out,
so that nothing of ours stands between the loop and the client. It warms up while
it learns how many loads fill the time of a sample, then measures that many.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

__all__ = (
    "BODY_LENGTH",
    "AsyncWork",
    "BadReplyError",
    "BlockingWork",
    "Job",
    "Sample",
    "measure",
    "measure_async",
    "raise_descriptor_limit",
    "run_async",
    "run_worker",
    "versions_of",
    "watched",
)

BODY_LENGTH = 1024  # bytes; every reply's body, checked by every worker
WATCHED = "watched-"  # before a kind: with and without the observer
WATCHED_PAIRS = 4
WARM_UP_SHARE = 0.15  # of the sample's time, what the last warm-up step must fill
WARM_UP_GAIN = 0.9  # a step is warm if it takes more than this of the one before
WARM_UP_LIMIT_S = 10.0  # seconds; whatever still gets faster then is measured so


class BadReplyError(RuntimeError):
    """A reply was not a 200 with the whole body: the number would be worthless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the runner asks of a worker, as `json` on its command line."""

    kind: str
    url: str
    in_flight: int
    sample_s: float
    event_loop: str
    statement: str = ""
    cores: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One worker's answer: how many loads, and the numbers per load."""

    n: int
    values: Mapping[str, float]


AsyncWork = Callable[[int], Awaitable[None]]
BlockingWork = Callable[[int], None]
Handler = Callable[[Job], Sample]


def measure(job: Job, load_many: BlockingWork, *, first: int = 8) -> Sample:
    """Measure a loop that blocks; it runs `count` loads, one after the other.

    Args:
        job: What the runner asked for.
        load_many: The loop.
        first: Loads of the first step; 1 for loads that take long.
    """
    warm_up = _WarmUp(job, first)
    while not warm_up.is_over:
        warm_up.learn(_timed(load_many, warm_up.count).wall_s)
    count = warm_up.sample_count
    gc.collect()
    return _timed(load_many, count).per_load(count)


async def measure_async(job: Job, load_many: AsyncWork, *, first: int = 8) -> Sample:
    """Measure `job.in_flight` callers at once, each running its share of the loads.

    Args:
        job: What the runner asked for.
        load_many: One caller's loop.
        first: Loads of each caller in the first step.
    """

    async def run(count: int) -> _Spent:
        share = count // job.in_flight
        callers = [load_many(share) for _ in range(job.in_flight)]
        start = _Spent.start()
        await asyncio.gather(*callers)
        return start.stop()

    warm_up = _WarmUp(job, first * job.in_flight)
    while not warm_up.is_over:
        warm_up.learn((await run(warm_up.count)).wall_s)
    count = warm_up.sample_count
    gc.collect()
    return (await run(count)).per_load(count)


class _WarmUp:
    """Doubles the loads until a step is long enough and no longer gets faster.

    A pool takes its time to settle: connections are made, caches fill.
    """

    def __init__(self, job: Job, count: int) -> None:
        self.count = count
        self.is_over = False
        self._job = job
        self._per_load_s = 0.0
        self._total_s = 0.0

    def learn(self, spent_s: float) -> None:
        """Take the time of a step of `count` loads; choose the next step's."""
        before, self._per_load_s = self._per_load_s, spent_s / self.count
        self._total_s += spent_s
        is_long = spent_s >= self._job.sample_s * WARM_UP_SHARE
        is_steady = 0 < before * WARM_UP_GAIN < self._per_load_s
        if (is_long and is_steady) or self._total_s >= WARM_UP_LIMIT_S:
            self.is_over = True
        elif not is_long:
            self.count *= 2

    @property
    def sample_count(self) -> int:
        """Loads that fill the sample's time, the same number for each caller."""
        callers = self._job.in_flight
        fitting = int(self._job.sample_s / self._per_load_s)
        return max(1, fitting // callers) * callers


@dataclass(frozen=True, slots=True)
class _Spent:
    """Wall and CPU seconds; the CPU is that of every thread of this process."""

    wall_s: float
    cpu_s: float

    @classmethod
    def start(cls) -> _Spent:
        return cls(time.perf_counter(), time.process_time())

    def stop(self) -> _Spent:
        return _Spent(
            time.perf_counter() - self.wall_s, time.process_time() - self.cpu_s
        )

    def per_load(self, count: int) -> Sample:
        return Sample(
            n=count,
            values={
                "wall_us": self.wall_s / count * 1e6,
                "cpu_us": self.cpu_s / count * 1e6,
            },
        )


def _timed(load_many: BlockingWork, count: int) -> _Spent:
    start = _Spent.start()
    load_many(count)
    return start.stop()


def run_async(
    serve: Callable[[Job], Awaitable[Sample]],
) -> Handler:
    """Make a handler of a coroutine function: it gets the event loop of the job."""

    def handler(job: Job) -> Sample:
        if job.event_loop == "uvloop":
            import uvloop

            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_awaited(serve, job))
        return asyncio.run(_awaited(serve, job))

    return handler


async def _awaited(serve: Callable[[Job], Awaitable[Sample]], job: Job) -> Sample:
    return await serve(job)


def watched(handler: Handler) -> Handler:
    """Make a handler that runs another with and without the observer, in turns.

    Both in one process, each with a session of its own: what differs is the observer.
    The first run, which pays for imports and caches, does not count.
    """

    def run(job: Job) -> Sample:
        from urlsession import watch

        part = replace(job, kind=job.kind, sample_s=job.sample_s / WATCHED_PAIRS)
        handler(replace(part, sample_s=part.sample_s / 4))
        pairs: list[tuple[float, float]] = []
        count = 0
        for turn in range(WATCHED_PAIRS):
            spent: dict[bool, float] = {}
            for is_on in (turn % 2 == 0, turn % 2 == 1):
                if is_on:
                    watch.start()
                sample = handler(part)
                if is_on:
                    watch.stop()
                spent[is_on] = sample.values["wall_us"]
                count += sample.n
            pairs.append((spent[True], spent[False]))
        return Sample(
            n=count,
            values={
                "cost": statistics.median(on / off for on, off in pairs),
                "watched_us": statistics.median(on for on, _ in pairs),
                "alone_us": statistics.median(off for _, off in pairs),
            },
        )

    return run


def raise_descriptor_limit(wanted: int) -> None:
    """Let this process have `wanted` descriptors, as far as the hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def versions_of(*distributions: str) -> dict[str, str]:
    """Return the installed versions, for the head of the report."""
    found: dict[str, str] = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "from source"
    return found


def run_worker(
    handlers: Mapping[str, Handler], versions: Callable[[], dict[str, str]]
) -> None:
    """Do the job of the command line and print the sample as one line of JSON."""
    job = Job(**json.loads(sys.argv[1]))
    os.sched_setaffinity(0, job.cores)  # before the client starts its threads
    kind, is_watched = job.kind.removeprefix(WATCHED), job.kind.startswith(WATCHED)
    handler = handlers.get(kind)
    if handler is not None and is_watched:
        handler = watched(handler)
    if handler is None:
        sys.exit(f"this client has no {job.kind} scenario")
    sample = handler(job)
    known = {"python": platform.python_version(), **versions()}
    if job.event_loop == "uvloop":
        known |= versions_of("uvloop")
    answer = {"n": sample.n, "values": dict(sample.values), "versions": known}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()  # whatever the client does when the interpreter ends
