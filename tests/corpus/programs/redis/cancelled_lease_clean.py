# connections: 1
# server: redis
# needs: redis
"""A pipeline in a block, reset whatever happens, and a client that is closed."""

import asyncio
import sys

import redis.asyncio

HOST, PORT = sys.argv[2].split(":")
CLIENT = redis.asyncio.Redis(host=HOST, port=int(PORT))


async def transfer(started: asyncio.Event, approved: asyncio.Event) -> None:
    async with CLIENT.pipeline() as pipeline:
        await pipeline.watch("account")
        started.set()
        await approved.wait()
        pipeline.multi()
        await pipeline.set("account", 1).execute()


async def main() -> None:
    started, approved = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(transfer(started, approved))
    await started.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert len(CLIENT.connection_pool._in_use_connections) == 0
    await CLIENT.aclose()


asyncio.run(main())
