# cause: E
# report: localharness #154
# library: websockets
# server: websocket
# needs: websockets
# connections: 3
# leaks: 2
# kind: orphan
# owner: websockets.asyncio.client.ClientConnection
"""A connection that is opened anew without closing the old one, which the loop keeps."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"


class Feed:
    """Opens another connection when it is asked to."""

    async def connect(self) -> None:
        self.connection = await websockets.connect(URL)  # opened here
        await self.connection.send("hello")
        await self.connection.recv()


async def main() -> None:
    feed = Feed()
    for _ in range(3):
        await feed.connect()
    await feed.connection.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
