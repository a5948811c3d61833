# cause: E
# report: pygqlc #75
# library: asyncpg
# connections: 3
# leaks: 2
# kind: unclosed
# owner: asyncpg.Connection
# held_by: __main__.LISTENERS[0] | bound method Connection.remove_listener() | Connection
# server: postgres
# needs: asyncpg
"""A connection that is overwritten by the next one, while a list of callbacks knows it."""

import asyncio
import sys

import asyncpg

HOST, PORT = sys.argv[2].split(":")
DSN = f"postgresql://corpus@{HOST}:{PORT}/postgres"
LISTENERS = []


class Feed:
    """Connects again when its server has been restarted."""

    def __init__(self) -> None:
        self.connection = None

    async def reconnect(self) -> None:
        self.connection = await asyncpg.connect(DSN)  # opened here
        await self.connection.add_listener("news", print)
        LISTENERS.append(self.connection.remove_listener)


async def main() -> None:
    feed = Feed()
    for _ in range(3):
        await feed.reconnect()
    await feed.connection.close()


asyncio.run(main())
