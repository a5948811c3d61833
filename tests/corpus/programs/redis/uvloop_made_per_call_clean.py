# connections: 2
# server: redis
# needs: redis uvloop
"""Clients under uvloop, each closed."""

import sys

import redis.asyncio
import uvloop

HOST, PORT = sys.argv[2].split(":")


async def fetch(key: str) -> object:
    client = redis.asyncio.Redis(host=HOST, port=int(PORT))
    try:
        return await client.get(key)
    finally:
        await client.aclose()


async def main() -> None:
    for name in "ab":
        await fetch(name)


uvloop.new_event_loop().run_until_complete(main())
