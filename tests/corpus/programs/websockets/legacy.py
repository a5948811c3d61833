# cause: C
# report: discord.py #142
# library: websockets
# server: websocket
# needs: websockets
# python: -Wignore::DeprecationWarning
# connections: 1
# leaks: 1
# kind: unclosed
# owner: websockets.legacy.client.WebSocketClientProtocol
# held_by: __main__.SOCKET | WebSocketClientProtocol
"""A connection of the older API whose close() is called and not awaited."""

import asyncio
import sys

from websockets.legacy.client import connect

URL = f"ws://{sys.argv[2]}/"


async def main() -> None:
    global SOCKET
    SOCKET = await connect(URL)  # opened here
    await SOCKET.send("hello")
    await SOCKET.recv()
    SOCKET.close().close()  # as with a task that ends before it has begun


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
