# connections: 4
# server: websocket
# needs: websockets
"""A wait for a message that is given up, in a block; the server leaves another."""

import asyncio
import sys

import websockets

URL = f"ws://{sys.argv[2]}/"
OPEN: dict[str, websockets.ClientConnection] = {}


async def wait_for_news(topic: str) -> None:
    async with websockets.connect(URL) as OPEN[topic]:
        await OPEN[topic].recv()


async def wait_for_the_end(word: str) -> None:
    OPEN[word] = await websockets.connect(URL)
    await OPEN[word].send(word)
    await OPEN[word].wait_closed()


async def main() -> None:
    for topic in ("a", "b"):
        try:
            async with asyncio.timeout(0.2):
                await wait_for_news(topic)
        except TimeoutError:
            continue
    # What the server closes, well or badly, the library closes in turn.
    await asyncio.gather(*map(wait_for_the_end, ("bye", "drop")))


asyncio.run(main())
