# connections: 2
# needs: aiohttp uvloop
"""Responses of which only the status is looked at, released by their block."""

import sys

import aiohttp
import uvloop

URL = sys.argv[1]


async def exists(name: str) -> bool:
    async with SESSION.get(f"{URL}bytes/3000000?{name}") as response:
        return response.status == 200


async def main() -> None:
    global SESSION
    async with aiohttp.ClientSession() as SESSION:
        for name in ("a", "b"):
            assert await exists(name)


uvloop.run(main())
