# cause: G
# report: paho-mqtt #627
# library: asyncpg
# connections: 1
# leaks: 1
# kind: orphan
# owner: asyncpg.Pool
# server: postgres
# needs: asyncpg
"""A pool that is dropped with a service in a cycle, when its loop has ended."""

import asyncio
import gc
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
gc.disable()  # as in a program that collects between requests only


class Service:
    """Refers to itself by the handlers that it keeps."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.handlers = {"count": self.count}

    async def count(self) -> object:
        return await self.pool.fetchval("SELECT 1")


async def main() -> None:
    pool = await asyncpg.create_pool(DSN, min_size=1, max_size=1)  # made here
    service = Service(pool)
    assert await service.handlers["count"]() == 1


asyncio.run(main())
