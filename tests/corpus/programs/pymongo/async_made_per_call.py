# cause: A
# report: anthropic-sdk-python #84
# library: pymongo
# connections: 4
# leaks: 4
# kind: unclosed
# owner: pymongo.AsyncMongoClient
# held_by: __main__.SEEN[0] | AsyncMongoClient
# server: mongo
# needs: pymongo
"""An asyncio client made for each call, and kept."""

import asyncio
import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}
SEEN = []


async def count() -> int:
    client = pymongo.AsyncMongoClient(HOST, int(PORT), **OPTIONS)  # made here
    SEEN.append(client)
    return len(await client.shop.orders.find().to_list())


async def main() -> None:
    for _ in range(2):
        assert await count() == 3


asyncio.run(main())
