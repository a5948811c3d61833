# cause: A
# report: anthropic-sdk-python #84
# library: redis
# connections: 3
# leaks: 3
# kind: unclosed
# owner: redis.asyncio.Redis
# held_by: __main__.SEEN[0] | Redis
# server: redis
# needs: redis
"""An asyncio client made for each request, and kept with what it fetched."""

import asyncio
import sys

import redis.asyncio

HOST, PORT = sys.argv[2].split(":")
SEEN = []


async def fetch(key: str) -> object:
    client = redis.asyncio.Redis(host=HOST, port=int(PORT))  # made here
    SEEN.append(client)
    return await client.get(key)  # opened here


async def main() -> None:
    await asyncio.gather(*(fetch(name) for name in "abc"))


asyncio.run(main())
