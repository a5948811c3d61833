# cause: A
# report: langchain #38610
# library: httpx
# connections: 2
# leaks: 2
# kind: orphan
# owner: httpx.AsyncClient
"""A client made for each call: its socket outlives client and loop."""

import asyncio
import gc
import sys

import httpx

gc.disable()


async def fetch(url: str) -> int:
    client = httpx.AsyncClient()  # made here
    reply = await client.get(url)  # opened here
    return reply.status_code


async def main() -> None:
    for _ in range(2):
        assert await fetch(sys.argv[1]) == 200


asyncio.run(main())
