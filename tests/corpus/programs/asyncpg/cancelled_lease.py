# cause: D
# report: asyncpg #464
# library: asyncpg
# connections: 2
# leaks: 2
# kind: unclosed
# owner: asyncpg.Pool
# held_by: __main__.STATE['pool'] | Pool
# server: postgres
# needs: asyncpg
"""A connection that is not released when its task is cancelled: closing would wait for ever."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
STATE = {}


async def work(pool: asyncpg.Pool, started: asyncio.Event) -> None:
    connection = await pool.acquire()
    await connection.fetch("SELECT 1")
    started.set()
    await asyncio.Event().wait()
    await pool.release(connection)


async def main() -> None:
    pool = await asyncpg.create_pool(DSN, min_size=1, max_size=2)  # made here
    STATE["pool"] = pool
    started = asyncio.Event()
    task = asyncio.create_task(work(pool, started))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])
    assert await pool.fetchval("SELECT 1") == 1
    assert pool.get_size() - pool.get_idle_size() == 1


asyncio.run(main())
