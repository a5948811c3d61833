# connections: 3
# server: postgres
# needs: asyncpg
"""A connection made for each call, and closed."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"


async def count() -> object:
    connection = await asyncpg.connect(DSN)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def main() -> None:
    for _ in range(3):
        assert await count() == 1


asyncio.run(main())
