"""httpx: a pool of the size it is fastest with, one TLS context for every client.

It looks through its whole pool at every change: with 64 callers, a pool of 64
costs 5 ms per request, of 16 1.6 ms, of 8 1.2 ms (measured, 0.28). A client that
makes its own TLS context spends milliseconds on it; httpx's manual says to share
one, so the churn scenarios do.
"""
# mypy: disable-error-code="import-not-found"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

import httpx

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
from benchmarks.workers.large import PIECE, SIZE, check, check_stored, place, source

TLS = httpx.create_ssl_context()
LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=8)


async def in_flight(job: Job) -> Sample:
    async with httpx.AsyncClient(verify=TLS, limits=LIMITS) as client:

        async def load_many(count: int) -> None:
            for _ in range(count):
                response = await client.get(job.url)
                if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(response.content))

        return await measure_async(job, load_many)


def blocking(job: Job) -> Sample:
    with httpx.Client(verify=TLS) as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                response = client.get(job.url)
                if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(response.content))

        return measure(job, load_many)


async def churn_async(job: Job) -> Sample:
    async def load_many(count: int) -> None:
        for _ in range(count):
            async with httpx.AsyncClient(verify=TLS) as client:
                response = await client.get(job.url)
            if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(response.content))

    return await measure_async(job, load_many)


def churn_blocking(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            with httpx.Client(verify=TLS) as client:
                response = client.get(job.url)
            if response.status_code != 200 or len(response.content) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(response.content))

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    with httpx.Client(verify=TLS) as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                with client.stream("GET", job.url) as response:
                    for piece in response.iter_raw():
                        size += len(piece)
                check(response.status_code, size)

        return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    with place() as path, httpx.Client(verify=TLS) as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                with client.stream("GET", job.url) as response, path.open("wb") as file:
                    for piece in response.iter_raw(PIECE):
                        file.write(piece)
                check(response.status_code, path.stat().st_size)

        return measure(job, load_many, first=1)


def upload(job: Job) -> Sample:
    with source() as path, httpx.Client(verify=TLS) as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                with path.open("rb") as file:
                    response = client.put(
                        job.url, content=file, headers={"Content-Length": str(SIZE)}
                    )
                check_stored(response.status_code)

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
            "upload-file": upload,
        },
        lambda: versions_of("httpx", "httpcore"),
    )
