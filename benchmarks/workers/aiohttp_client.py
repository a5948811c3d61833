"""aiohttp: one session, no connection limit, the body read inside the block."""
# mypy: disable-error-code="import-not-found"
# The peers are in the `bench` extra, which the type check does not install.

from __future__ import annotations

import asyncio

import aiohttp

from benchmarks.workers import fin
from benchmarks.workers.harness import (
    BODY_LENGTH,
    BadReplyError,
    Job,
    Sample,
    measure_async,
    run_async,
    run_worker,
    versions_of,
)
from benchmarks.workers.large import PIECE, check, check_stored, place, source
from benchmarks.workers.web_socket import echo_server, measure_echoes


async def in_flight(job: Job) -> Sample:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                async with session.get(job.url) as response:
                    body = await response.read()
                if response.status != 200 or len(body) != BODY_LENGTH:
                    raise BadReplyError(response.status, len(body))

        return await measure_async(job, load_many)


async def churn(job: Job) -> Sample:
    async def load_many(count: int) -> None:
        for _ in range(count):
            async with (
                aiohttp.ClientSession() as session,
                session.get(job.url) as response,
            ):
                body = await response.read()
            if response.status != 200 or len(body) != BODY_LENGTH:
                raise BadReplyError(response.status, len(body))

    return await measure_async(job, load_many)


async def consume(job: Job) -> Sample:
    async with aiohttp.ClientSession() as session:

        async def load_many(count: int) -> None:
            for _ in range(count):
                size = 0
                async with session.get(job.url) as response:
                    async for piece in response.content.iter_any():
                        size += len(piece)
                check(response.status, size)

        return await measure_async(job, load_many, first=1)


async def to_file(job: Job) -> Sample:
    with place() as path:
        async with aiohttp.ClientSession() as session:

            async def load_many(count: int) -> None:
                for _ in range(count):
                    async with session.get(job.url) as response:
                        with path.open("wb") as file:
                            async for piece in response.content.iter_chunked(PIECE):
                                file.write(piece)
                    check(response.status, path.stat().st_size)

            return await measure_async(job, load_many, first=1)


async def upload(job: Job) -> Sample:
    with source() as path:
        async with aiohttp.ClientSession() as session:

            async def load_many(count: int) -> None:
                for _ in range(count):
                    with path.open("rb") as file:
                        async with session.put(job.url, data=file) as response:
                            await response.read()
                    check_stored(response.status)

            return await measure_async(job, load_many, first=1)


async def echoes(job: Job) -> Sample:
    with echo_server() as url:
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(
                url, timeout=aiohttp.ClientWSTimeout(0, 0)
            )
            return await measure_echoes(job, socket.send_bytes, socket.receive)


async def one_fin(witness: fin.Witness, count: int) -> fin.Times:
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def load() -> None:
        async with session.get(witness.url) as response:
            await response.read()

    await asyncio.gather(*(load() for _ in range(count)))
    start = fin.now()
    await session.close()
    return await witness.wait_all_closed_async(start)


if __name__ == "__main__":
    run_worker(
        {
            "async": run_async(in_flight),
            "churn-async": run_async(churn),
            "download-consumer": run_async(consume),
            "download-file": run_async(to_file),
            "upload-file": run_async(upload),
            "web-socket": run_async(echoes),
            "web-socket-pipelined": run_async(echoes),
            "fin": run_async(fin.async_job(one_fin)),
        },
        lambda: versions_of("aiohttp"),
    )
