# cause: D
# report: httpcore #830
# library: websockets
# server: websocket
# needs: websockets
# connections: 2
# leaks: 2
# kind: unclosed
# owner: websockets.asyncio.client.ClientConnection
"""A wait for a message that is given up: the time-out skips the close()."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"
OPEN: dict[str, websockets.ClientConnection] = {}


async def wait_for_news(topic: str) -> None:
    OPEN[topic] = connection = await websockets.connect(URL)  # opened here
    await connection.recv()
    await connection.close()
    del OPEN[topic]


async def main() -> None:
    for topic in ("a", "b"):
        try:
            async with asyncio.timeout(0.2):
                await wait_for_news(topic)
        except TimeoutError:
            continue


asyncio.run(main())
