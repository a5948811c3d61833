"""urlsession through its awaiting door, and the sessions of both churns."""

from __future__ import annotations

import asyncio

from benchmarks.workers import fin, urlsession_blocking
from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure_async,
    run_async,
    run_worker,
)
from benchmarks.workers.large import check, check_stored, source
from benchmarks.workers.web_socket import echo_server, measure_echoes
from urlsession import URLRequest, URLSession, URLSessionConfiguration


def configuration_for(connections: int) -> URLSessionConfiguration:
    configuration = URLSessionConfiguration.default()
    configuration.http_maximum_connections_per_host = connections
    return configuration


async def in_flight(job: Job) -> Sample:
    async with URLSession(configuration_for(job.in_flight)) as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                data, response = await session.data(job.url)
                if response.status_code != 200 or len(data) != BODY_LENGTH:
                    raise BadReplyError(response.status_code, len(data))

        return await measure_async(job, load_many)


async def churn(job: Job) -> Sample:
    async def load_many(count: int) -> None:
        for _ in range(count):
            async with URLSession() as session:
                data, response = await session.data(job.url)
            if response.status_code != 200 or len(data) != BODY_LENGTH:
                raise BadReplyError(response.status_code, len(data))

    return await measure_async(job, load_many)


async def consume(job: Job) -> Sample:
    async with URLSession() as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                chunks, response = await session.bytes(job.url)
                async for piece in chunks:
                    size += len(piece)
                check(response.status_code, size)

        return await measure_async(job, load_many, first=1)


async def to_file(job: Job) -> Sample:
    async with URLSession() as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                location, response = await session.download(job.url)
                check(response.status_code, location.stat().st_size)
                location.unlink()

        return await measure_async(job, load_many, first=1)


async def upload(job: Job) -> Sample:
    with source() as path:
        async with URLSession() as session:

            async def load_many(count: int) -> None:
                request = URLRequest(job.url, method="PUT")
                for _ in range(count):
                    _, response = await session.upload(request, from_file=path)
                    check_stored(response.status_code)

            return await measure_async(job, load_many, first=1)


async def echoes(job: Job) -> Sample:
    with echo_server() as url:
        session = URLSession()
        socket = session.web_socket(url)
        try:
            return await measure_echoes(job, socket.send, socket.receive)
        finally:
            session.invalidate_and_cancel()


async def one_fin(witness: fin.Witness, count: int) -> fin.Times:
    session = URLSession(configuration_for(count))
    await asyncio.gather(*(session.data(witness.url) for _ in range(count)))
    start = fin.now()
    session.invalidate_and_cancel()
    return await witness.wait_all_closed_async(start)


if __name__ == "__main__":
    run_worker(
        {
            "async": run_async(in_flight),
            "churn-async": run_async(churn),
            "web-socket": run_async(echoes),
            "web-socket-pipelined": run_async(echoes),
            "fin": run_async(fin.async_job(one_fin)),
            "download-consumer": run_async(consume),
            "download-file": run_async(to_file),
            "upload-file": run_async(upload),
            "blocking": urlsession_blocking.blocking,
            "churn-blocking": urlsession_blocking.churn,
        },
        urlsession_blocking.versions,
    )
