# cause: D
# report: httpcore #830
# library: httpx2
# connections: 2
# leaks: 2
# kind: unread
# owner: httpx2.AsyncClient
"""A task is cancelled between a reply's head and its body."""

import asyncio
import sys

import httpx2

CLIENTS = []


async def fetch(client: httpx2.AsyncClient, started: asyncio.Event) -> None:
    request = client.build_request("GET", f"{sys.argv[1]}stream")
    reply = await client.send(request, stream=True)  # opened here
    started.set()
    await asyncio.sleep(60)  # a slow consumer
    await reply.aclose()


async def main() -> None:
    client = httpx2.AsyncClient()  # made here
    CLIENTS.append(client)
    for _ in range(2):
        started = asyncio.Event()
        task = asyncio.create_task(fetch(client, started))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


asyncio.run(main())
