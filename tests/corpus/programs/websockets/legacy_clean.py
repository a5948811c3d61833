# connections: 1
# server: websocket
# needs: websockets
# python: -Wignore::DeprecationWarning
"""A connection of the older API, in a block."""

import asyncio
import sys

from websockets.legacy.client import connect

URL = f"ws://{sys.argv[2]}/"


async def main() -> None:
    global SOCKET
    async with connect(URL) as SOCKET:
        await SOCKET.send("hello")
        await SOCKET.recv()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
