"""pyreqwest: one built client; no limit on connections is its default.

Its runtime stays single-threaded, its default, and the faster one here: with one
core for the server and one for the client a second worker thread only waits.
"""
# mypy: disable-error-code="import-not-found"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

from pyreqwest.client import ClientBuilder, SyncClientBuilder

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
from benchmarks.workers.large import PIECE, check, place


async def in_flight(job: Job) -> Sample:
    async with ClientBuilder().build() as client:

        async def load_many(count: int) -> None:
            for _ in range(count):
                response = await client.get(job.url).build().send()
                body = await response.bytes()
                if response.status != 200 or len(body) != BODY_LENGTH:
                    raise BadReplyError(response.status, len(body))

        return await measure_async(job, load_many)


def blocking(job: Job) -> Sample:
    with SyncClientBuilder().build() as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                response = client.get(job.url).build().send()
                body = response.bytes()
                if response.status != 200 or len(body) != BODY_LENGTH:
                    raise BadReplyError(response.status, len(body))

        return measure(job, load_many)


async def churn_async(job: Job) -> Sample:
    async def load_many(count: int) -> None:
        for _ in range(count):
            async with ClientBuilder().build() as client:
                response = await client.get(job.url).build().send()
                body = await response.bytes()
            if response.status != 200 or len(body) != BODY_LENGTH:
                raise BadReplyError(response.status, len(body))

    return await measure_async(job, load_many)


def churn_blocking(job: Job) -> Sample:
    def load_many(count: int) -> None:
        for _ in range(count):
            with SyncClientBuilder().build() as client:
                response = client.get(job.url).build().send()
                body = response.bytes()
            if response.status != 200 or len(body) != BODY_LENGTH:
                raise BadReplyError(response.status, len(body))

    return measure(job, load_many)


def consume(job: Job) -> Sample:
    with SyncClientBuilder().build() as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                with client.get(job.url).build_streamed() as response:
                    while piece := response.body_reader.read_chunk():
                        size += len(piece)
                check(response.status, size)

        return measure(job, load_many, first=1)


def to_file(job: Job) -> Sample:
    with place() as path, SyncClientBuilder().build() as client:

        def load_many(count: int) -> None:
            for _ in range(count):
                with client.get(job.url).build_streamed() as response:
                    with path.open("wb") as file:
                        while piece := response.body_reader.read(PIECE):
                            file.write(piece)
                check(response.status, path.stat().st_size)

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
        lambda: versions_of("pyreqwest"),
    )
