# cause: E
# report: pygqlc #75
# library: websockets
# server: websocket
# needs: uvloop websockets
# connections: 2
# leaks: 1
# kind: orphan
# owner: websockets.asyncio.client.ClientConnection
"""A connection that is opened anew without closing the old one, under uvloop."""

import sys

import uvloop
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
    for _ in range(2):
        await feed.connect()
    await feed.connection.close()


loop = uvloop.new_event_loop()
loop.run_until_complete(main())
