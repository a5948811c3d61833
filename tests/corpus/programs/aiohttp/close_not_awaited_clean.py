# connections: 1
# needs: aiohttp
"""A session whose close() is awaited, in the last line of the loop's work."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()
    async with SESSION.get(URL) as response:
        await response.read()
    await SESSION.close()


asyncio.run(main())
