# cause: C
# report: discord.py #142
# library: aiohttp
# connections: 2
# leaks: 1
# kind: unclosed
# owner: aiohttp.ClientSession
# held_by: __main__.BOT | Bot.gateway | ClientSession
# needs: aiohttp
"""A client with two sessions, whose close() knows of one."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


class Bot:
    """Asks by one session, and listens by another."""

    def __init__(self) -> None:
        self.http = aiohttp.ClientSession()
        self.gateway = aiohttp.ClientSession()  # made here

    async def start(self) -> None:
        async with self.http.get(URL) as response:
            await response.read()
        async with self.gateway.get(f"{URL}?gateway") as response:  # opened here
            await response.read()

    async def close(self) -> None:
        await self.http.close()


async def main() -> None:
    global BOT
    BOT = Bot()
    await BOT.start()
    await BOT.close()


asyncio.run(main())
