# connections: 2
"""A client made for each call, in a block, at the very end of the loop."""

import asyncio
import gc
import sys

import httpx2

gc.disable()


async def fetch(url: str) -> int:
    async with httpx2.AsyncClient() as client:
        reply = await client.get(url)
    return reply.status_code


async def main() -> None:
    for _ in range(2):
        assert await fetch(sys.argv[1]) == 200


asyncio.run(main())
