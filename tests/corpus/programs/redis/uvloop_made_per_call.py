# cause: A
# report: anthropic-sdk-python #84
# library: redis
# connections: 2
# leaks: 2
# kind: unclosed
# owner: redis.asyncio.Redis
# held_by: __main__.SEEN[0] | Redis
# server: redis
# needs: redis uvloop
"""Clients under uvloop, whose sockets are made in C."""

import sys

import redis.asyncio
import uvloop

HOST, PORT = sys.argv[2].split(":")
SEEN = []


async def fetch(key: str) -> object:
    client = redis.asyncio.Redis(host=HOST, port=int(PORT))  # made here
    SEEN.append(client)
    return await client.get(key)  # opened here


async def main() -> None:
    for name in "ab":
        await fetch(name)


uvloop.new_event_loop().run_until_complete(main())
