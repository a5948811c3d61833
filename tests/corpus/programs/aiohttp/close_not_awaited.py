# cause: C
# report: discord.py #142
# library: aiohttp
# connections: 1
# leaks: 1
# kind: unclosed
# owner: aiohttp.ClientSession
# held_by: __main__.SESSION | ClientSession
# needs: aiohttp
# python: -Wignore
"""A session whose close() is called and not awaited: nothing happens."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()  # made here
    async with SESSION.get(URL) as response:  # opened here
        await response.read()
    SESSION.close()


asyncio.run(main())
