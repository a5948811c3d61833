"""niquests: a pool as large as the callers; runs in an environment of its own."""
# mypy: disable-error-code="import-not-found"
# Never installed beside the others: see `benchmarks.clients`.

from __future__ import annotations

import niquests

from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure,
    measure_async,
    run_async,
    run_worker,
    versions_of,
)


async def in_flight(job: Job) -> Sample:
    async with niquests.AsyncSession(
        pool_connections=1, pool_maxsize=job.in_flight
    ) as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                response = await session.get(job.url)
                body = response.content
                if response.status_code != 200 or len(body or b"") != BODY_LENGTH:
                    raise BadReplyError(response.status_code)

        return await measure_async(job, load_many)


def blocking(job: Job) -> Sample:
    with niquests.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                response = session.get(job.url)
                body = response.content
                if response.status_code != 200 or len(body or b"") != BODY_LENGTH:
                    raise BadReplyError(response.status_code)

        return measure(job, load_many)


if __name__ == "__main__":
    run_worker(
        {"async": run_async(in_flight), "blocking": blocking},
        lambda: versions_of("niquests", "urllib3-future"),
    )
