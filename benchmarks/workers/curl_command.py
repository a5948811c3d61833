"""The `curl` command: what files cost without Python.

One command loads all of a step, so that its start counts little. Its processor time is
that of the child.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time

from benchmarks.workers.harness import (
    BadReplyError,
    BlockingWork,
    Job,
    Sample,
    measure,
    run_worker,
)
from benchmarks.workers.large import SIZE, place, source


def to_file(job: Job) -> Sample:
    with place() as path:

        def load_many(count: int) -> None:
            loads = ["-o", str(path), job.url] * count
            subprocess.run(["curl", "-sS", "--fail", *loads], check=True)
            if path.stat().st_size != SIZE:
                raise BadReplyError(path.stat().st_size)

        return _measured(job, load_many)


def _measured(job: Job, load_many: BlockingWork) -> Sample:
    before, start = _children_s(), time.perf_counter()
    sample = measure(job, load_many, first=1)
    # All its runs, warm-up too: the share of processor time is the same.
    share = (_children_s() - before) / (time.perf_counter() - start)
    wall_us = sample.values["wall_us"]
    return Sample(n=sample.n, values={"wall_us": wall_us, "cpu_us": wall_us * share})


def upload(job: Job) -> Sample:
    with source() as path:

        def load_many(count: int) -> None:
            loads = ["-T", str(path), job.url] * count
            subprocess.run(["curl", "-sS", "--fail", *loads], check=True)

        return _measured(job, load_many)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def versions() -> dict[str, str]:
    said = subprocess.run(
        ["curl", "--version"], capture_output=True, text=True, check=True
    )
    return {"curl": said.stdout.split()[1]}


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    run_worker({"download-file": to_file, "upload-file": upload}, versions)
