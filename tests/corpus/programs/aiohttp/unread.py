# cause: B
# report: aiohttp #5833
# library: aiohttp
# connections: 3
# leaks: 3
# kind: unread
# also: unclosed
# owner: aiohttp.ClientSession
# held_by: __main__.SESSION | ClientSession.connector … | ClientResponse
# needs: aiohttp
"""Responses of which only the status is looked at: each keeps its connection."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]
SESSION: aiohttp.ClientSession


async def exists(name: str) -> bool:
    response = await SESSION.get(f"{URL}bytes/3000000?{name}")  # opened here
    return response.status == 200


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()  # made here
    for name in ("a", "b", "c"):
        assert await exists(name)


asyncio.run(main())
