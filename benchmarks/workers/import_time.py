"""Times an import in fresh interpreters, from the inside and from the outside.

Inside: the clock around the statement. Outside: the life of the whole process
less that of one that imports nothing, which also counts what the import makes
the interpreter do at its end.

Bytecode is cached, as it is for a user, in a folder of its own: whoever has told Python
not to write any would else measure the compiler, and of this package only, because pip
has compiled the others.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.workers.harness import Job, Sample, run_worker

REPEATS = 5  # fresh interpreters of each sort per sample
TIMED = """\
import time
start = time.perf_counter()
{statement}
print((time.perf_counter() - start) * 1e3)
"""


def import_once(job: Job) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        return _import_once(job, _environment(folder))


def _environment(folder: str) -> dict[str, str]:
    environment = dict(os.environ, PYTHONPYCACHEPREFIX=folder)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _import_once(job: Job, environment: dict[str, str]) -> Sample:
    program = TIMED.format(statement=job.statement)
    bare = TIMED.format(statement="pass")
    for one in (bare, program):
        _run(one, environment)  # writes the bytecode, fills the page cache
    inside: list[float] = []
    outside: list[float] = []
    for _ in range(REPEATS):
        nothing_ms, _ = _run(bare, environment)
        process_ms, import_ms = _run(program, environment)
        inside.append(import_ms)
        outside.append(process_ms - nothing_ms)
    return Sample(
        n=REPEATS,
        values={
            "inside_ms": statistics.median(inside),
            "process_ms": statistics.median(outside),
        },
    )


def _run(program: str, environment: dict[str, str]) -> tuple[float, float]:
    start = time.perf_counter()
    # Elsewhere, so that `-c` does not find this repository on its path.
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tempfile.gettempdir(),
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    spent_ms = (time.perf_counter() - start) * 1e3
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return spent_ms, float(done.stdout)


if __name__ == "__main__":
    run_worker({"import": import_once}, dict)
