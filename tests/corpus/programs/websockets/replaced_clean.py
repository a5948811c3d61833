# connections: 3
# server: websocket
# needs: websockets
"""A connection that is closed before it is opened anew."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"


class Feed:
    """Opens another connection when it is asked to."""

    async def connect(self) -> None:
        self.connection = await websockets.connect(URL)
        await self.connection.send("hello")
        await self.connection.recv()


async def main() -> None:
    feed = Feed()
    for _ in range(3):
        await feed.connect()
        await feed.connection.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
