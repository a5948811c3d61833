# connections: 1
"""An error that is raised for a streamed reply, in a block."""

import asyncio
import sys

import httpx2

ERRORS = []


async def fetch(client: httpx2.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url) as reply:
        reply.raise_for_status()
        return await reply.aread()


async def main() -> None:
    async with httpx2.AsyncClient() as client:
        try:
            await fetch(client, f"{sys.argv[1]}status/500")
        except httpx2.HTTPStatusError as error:
            ERRORS.append(error)


asyncio.run(main())
