# cause: D
# report: redis-py #4121
# library: redis
# connections: 1
# leaks: 1
# kind: unclosed
# owner: redis.asyncio.Redis
# held_by: __main__.CLIENT | Redis
# server: redis
# needs: redis
"""A pipeline that is not reset when its task is cancelled: its connection is lent for ever."""

import asyncio
import sys

import redis.asyncio

HOST, PORT = sys.argv[2].split(":")
CLIENT = redis.asyncio.Redis(host=HOST, port=int(PORT))  # made here


async def transfer(started: asyncio.Event, approved: asyncio.Event) -> None:
    pipeline = CLIENT.pipeline()
    await pipeline.watch("account")  # opened here
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
    assert len(CLIENT.connection_pool._in_use_connections) == 1


asyncio.run(main())
