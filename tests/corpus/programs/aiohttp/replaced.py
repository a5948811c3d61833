# cause: E
# report: pygqlc #75
# library: aiohttp
# connections: 2
# leaks: 2
# kind: unclosed
# owner: aiohttp.ClientSession
# server: websocket
# needs: aiohttp websockets
"""A websocket that is opened anew, and the old one forgotten by all but its reader."""

import asyncio
import sys

import aiohttp

URL = f"ws://{sys.argv[2]}/"
READERS: list["asyncio.Task[None]"] = []


class Feed:
    """Listens by a task, which goes on with what it was given."""

    async def connect(self) -> None:
        self.session = aiohttp.ClientSession()  # made here
        self.socket = await self.session.ws_connect(URL)  # opened here
        READERS.append(asyncio.create_task(self.listen(self.session, self.socket)))
        await self.socket.send_str("hello")

    async def listen(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
    ) -> None:
        async for _ in socket:
            assert not session.closed


async def main() -> None:
    feed = Feed()
    await feed.connect()
    await feed.connect()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
