# connections: 3
# server: postgres
# needs: asyncpg
"""A connection that is closed before the next one takes its place."""

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
        if self.connection is not None:
            await self.connection.close()
        self.connection = await asyncpg.connect(DSN)
        await self.connection.add_listener("news", print)
        LISTENERS.append(self.connection.remove_listener)


async def main() -> None:
    feed = Feed()
    for _ in range(3):
        await feed.reconnect()
    await feed.connection.close()


asyncio.run(main())
