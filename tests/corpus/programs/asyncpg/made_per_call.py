# cause: A
# report: langchain #38610
# library: asyncpg
# connections: 3
# leaks: 3
# kind: unclosed
# owner: asyncpg.Connection
# held_by: __main__.SEEN[0] | Connection
# server: postgres
# needs: asyncpg
"""A connection made for each call, and kept."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
SEEN = []


async def count() -> object:
    connection = await asyncpg.connect(DSN)  # opened here
    SEEN.append(connection)
    return await connection.fetchval("SELECT 1")


async def main() -> None:
    for _ in range(3):
        assert await count() == 1


asyncio.run(main())
