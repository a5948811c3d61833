# connections: 3
# server: websocket
# needs: websockets
"""A connection made for each message, in a block, or closed by hand."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"
CONNECTIONS: list[websockets.ClientConnection] = []


async def say(text: str) -> None:
    async with websockets.connect(URL) as connection:
        CONNECTIONS.append(connection)
        await connection.send(text)
        assert await connection.recv() == text


async def say_last(text: str) -> None:
    connection = await websockets.connect(URL)
    CONNECTIONS.append(connection)
    await connection.send(text)
    assert await connection.recv() == text
    await connection.close()


async def main() -> None:
    await asyncio.gather(*map(say, ("a", "b")), say_last("c"))


asyncio.run(main())
