# connections: 1
# server: postgres
# needs: psycopg_pool
"""A connection that its block puts back, and a pool that is closed."""

import asyncio
import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


async def work(pool: psycopg_pool.AsyncConnectionPool, started: asyncio.Event) -> None:
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
        started.set()
        await asyncio.Event().wait()


async def main() -> None:
    pool = psycopg_pool.AsyncConnectionPool(DSN, min_size=1, open=False)
    await pool.open(wait=True)
    started = asyncio.Event()
    task = asyncio.create_task(work(pool, started))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])
    await pool.close()


asyncio.run(main())
