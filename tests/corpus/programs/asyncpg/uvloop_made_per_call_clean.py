# connections: 3
# server: postgres
# needs: asyncpg uvloop
"""A connection made for each call under uvloop, and closed."""

import sys

import asyncpg
import uvloop

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


uvloop.new_event_loop().run_until_complete(main())
