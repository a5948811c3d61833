# connections: 2
# server: websocket
# needs: aiohttp websockets
"""A websocket that is closed before it is opened anew; the second one is closed too."""

import asyncio
import sys

import aiohttp

URL = f"ws://{sys.argv[2]}/"
READERS: list["asyncio.Task[None]"] = []


class Feed:
    """Listens by a task, which goes on with what it was given."""

    async def connect(self) -> None:
        self.session = aiohttp.ClientSession()
        self.socket = await self.session.ws_connect(URL)
        READERS.append(asyncio.create_task(self.listen(self.session, self.socket)))
        await self.socket.send_str("hello")

    async def listen(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
    ) -> None:
        async for _ in socket:
            assert not session.closed

    async def close(self) -> None:
        await self.socket.close()
        await self.session.close()


async def main() -> None:
    feed = Feed()
    await feed.connect()
    await feed.close()
    await feed.connect()
    await feed.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
