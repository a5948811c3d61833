# connections: 3
# server: redis
# needs: redis
"""An asyncio client made for each request, in a block."""

import asyncio
import sys

import redis.asyncio

HOST, PORT = sys.argv[2].split(":")


async def fetch(key: str) -> object:
    async with redis.asyncio.Redis(host=HOST, port=int(PORT)) as client:
        return await client.get(key)


async def main() -> None:
    await asyncio.gather(*(fetch(name) for name in "abc"))


asyncio.run(main())
