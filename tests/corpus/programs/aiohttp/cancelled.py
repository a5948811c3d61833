# cause: D
# report: httpcore #1093
# library: aiohttp
# connections: 2
# leaks: 2
# kind: unread
# owner: aiohttp.ClientSession
# needs: aiohttp
"""A stream that is given up after a while: the time-out skips the clean-up."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def follow(name: str) -> None:
    response = await SESSION.get(f"{URL}stream?{name}")  # opened here
    async for _ in response.content.iter_any():
        pass
    response.release()


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()  # made here
    for name in ("a", "b"):
        try:
            await asyncio.wait_for(follow(name), 0.3)
        except TimeoutError:
            continue


asyncio.run(main())
