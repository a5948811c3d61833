# cause: D
# report: asyncpg #464
# library: psycopg
# connections: 1
# leaks: 1
# kind: unclosed
# owner: psycopg_pool.AsyncConnectionPool
# held_by: __main__.STATE['pool'] | AsyncConnectionPool
# server: postgres
# needs: psycopg_pool
"""A connection that is not put back when its task is cancelled."""

import asyncio
import sys

import psycopg_pool

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
STATE: dict[str, object] = {}


async def work(pool: psycopg_pool.AsyncConnectionPool, started: asyncio.Event) -> None:
    connection = STATE["connection"] = await pool.getconn()
    await connection.execute("SELECT 1")
    started.set()
    await asyncio.Event().wait()
    await pool.putconn(connection)


async def main() -> None:
    pool = psycopg_pool.AsyncConnectionPool(DSN, min_size=1, open=False)  # made here
    await pool.open(wait=True)
    STATE["pool"] = pool
    started = asyncio.Event()
    task = asyncio.create_task(work(pool, started))
    await started.wait()
    task.cancel()
    await asyncio.wait([task])


asyncio.run(main())
