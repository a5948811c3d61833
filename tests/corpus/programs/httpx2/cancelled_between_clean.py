# connections: 2
"""A task is cancelled between a reply's head and its body, in a block."""

import asyncio
import sys

import httpx2

CLIENTS = []


async def fetch(client: httpx2.AsyncClient, started: asyncio.Event) -> None:
    async with client.stream("GET", f"{sys.argv[1]}stream"):
        started.set()
        await asyncio.sleep(60)


async def main() -> None:
    client = httpx2.AsyncClient()
    CLIENTS.append(client)
    for _ in range(2):
        started = asyncio.Event()
        task = asyncio.create_task(fetch(client, started))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await client.aclose()


asyncio.run(main())
