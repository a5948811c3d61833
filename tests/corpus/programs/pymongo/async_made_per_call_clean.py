# connections: 4
# server: mongo
# needs: pymongo
"""An asyncio client made for each call, in a block."""

import asyncio
import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}


async def count() -> int:
    async with pymongo.AsyncMongoClient(HOST, int(PORT), **OPTIONS) as client:
        return len(await client.shop.orders.find().to_list())


async def main() -> None:
    for _ in range(2):
        assert await count() == 3


asyncio.run(main())
