# cause: A
# report: langchain #38610
# library: websockets
# server: websocket
# needs: websockets
# connections: 3
# leaks: 3
# kind: unclosed
# owner: websockets.asyncio.client.ClientConnection
# held_by: __main__.CONNECTIONS['a'] | ClientConnection
"""A connection made for each message, and kept."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"
CONNECTIONS: dict[str, websockets.ClientConnection] = {}


async def say(text: str) -> None:
    connection = await websockets.connect(URL)  # opened here
    CONNECTIONS[text] = connection
    await connection.send(text)
    assert await connection.recv() == text


async def main() -> None:
    await asyncio.gather(*map(say, ("a", "b", "c")))


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
