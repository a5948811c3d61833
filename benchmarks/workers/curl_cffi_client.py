"""curl_cffi: as many handles as callers, no browser impersonated.

Downloads hand it a function for the pieces: several times faster than its iterator,
which moves each piece from thread to thread.
"""
# mypy: disable-error-code="import-not-found"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

import curl_cffi

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
from benchmarks.workers.large import check, place


async def in_flight(job: Job) -> Sample:
    async with curl_cffi.AsyncSession(max_clients=job.in_flight) as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                response = await session.get(job.url)
                if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(response.content))

        return await measure_async(job, load_many)


def blocking(job: Job) -> Sample:
    with curl_cffi.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                response = session.get(job.url)
                if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(response.content))

        return measure(job, load_many)


async def churn_async(job: Job) -> Sample:
    async def load_many(count: int) -> None:
        for _ in range(count):
            async with curl_cffi.AsyncSession() as session:
                response = await session.get(job.url)
            if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(response.content))

    return await measure_async(job, load_many)


def churn_blocking(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            with curl_cffi.Session() as session:
                response = session.get(job.url)
            if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(response.content))

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    with curl_cffi.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                size = 0

                def take(piece: bytes) -> None:
                    nonlocal size
                    size += len(piece)

                response = session.get(job.url, content_callback=take)
                check(response.status_code, size)

        return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    with place() as path, curl_cffi.Session() as session:

        def load_many(count: int) -> None:
            for _ in range(count):
                with path.open("wb") as file:
                    response = session.get(job.url, content_callback=file.write)
                check(response.status_code, path.stat().st_size)

        return measure(job, load_many, first=1)


if __name__ == "__main__":
    run_worker(
        {
            "async": run_async(in_flight),
            "blocking": blocking,
            "churn-async": run_async(churn_async),
            "churn-blocking": churn_blocking,
            "download-consumer": consume,
            "download-file": to_file,
        },
        lambda: versions_of("curl_cffi"),
    )
