# connections: 3
# needs: aiohttp
"""A stream that is given up after a while, in a block; so is the first byte of one."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def follow(path: str) -> None:
    async with SESSION.get(URL + path) as response:
        async for _ in response.content.iter_any():
            pass


async def main() -> None:
    global SESSION
    async with aiohttp.ClientSession() as SESSION:
        for path in ("stream?a", "stream?b", "slow/5"):
            try:
                await asyncio.wait_for(follow(path), 0.3)
            except TimeoutError:
                continue


asyncio.run(main())
