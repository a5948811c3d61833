# connections: 2
# needs: aiohttp
"""A client with two sessions, whose close() closes both; it is still referred to."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


class Bot:
    """Asks by one session, and listens by another."""

    def __init__(self) -> None:
        self.http = aiohttp.ClientSession()
        self.gateway = aiohttp.ClientSession()

    async def start(self) -> None:
        async with self.http.get(URL) as response:
            await response.read()
        async with self.gateway.get(f"{URL}?gateway") as response:
            await response.read()

    async def close(self) -> None:
        await asyncio.gather(self.http.close(), self.gateway.close())


async def main() -> None:
    global BOT
    BOT = Bot()
    await BOT.start()
    await BOT.close()


asyncio.run(main())
