# connections: 1
# server: postgres
# needs: asyncpg
"""A connection that its block releases, and a pool that is closed."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"


async def work(pool: asyncpg.Pool, started: asyncio.Event) -> None:
    async with pool.acquire() as connection:
        await connection.fetch("SELECT 1")
        started.set()
        await asyncio.Event().wait()


async def main() -> None:
    pool = await asyncpg.create_pool(DSN, min_size=1, max_size=2)
    started = asyncio.Event()
    task = asyncio.create_task(work(pool, started))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


asyncio.run(main())
