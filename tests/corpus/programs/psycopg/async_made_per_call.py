# cause: A
# report: langchain #38610
# library: psycopg
# connections: 3
# leaks: 3
# kind: unclosed
# owner: psycopg.AsyncConnection
# held_by: __main__.SEEN[0] | AsyncConnection
# server: postgres
# needs: psycopg
"""An asyncio connection made for each call, and kept."""

import asyncio
import sys

import psycopg

HOST, PORT = sys.argv[2].split(":")
DSN = f"host={HOST} port={PORT} user=corpus dbname=postgres"
SEEN = []


async def count() -> object:
    connection = await psycopg.AsyncConnection.connect(DSN)  # opened here
    SEEN.append(connection)
    cursor = await connection.execute("SELECT 1")
    return await cursor.fetchone()


async def main() -> None:
    await asyncio.gather(*(count() for _ in range(3)))


asyncio.run(main())
