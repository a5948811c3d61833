# connections: 3
# server: postgres
# needs: psycopg
"""An asyncio connection made for each call, in a block."""

import asyncio
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"


async def count() -> object:
    async with await psycopg.AsyncConnection.connect(DSN) as connection:
        cursor = await connection.execute("SELECT 1")
        return await cursor.fetchone()


async def main() -> None:
    await asyncio.gather(*(count() for _ in range(3)))


asyncio.run(main())
