# connections: 1
# needs: aiohttp
"""Responses of which only the status is looked at, asked for without their body."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]
SESSION: aiohttp.ClientSession


async def exists(name: str) -> bool:
    async with SESSION.head(f"{URL}bytes/3000000?{name}") as response:
        return response.status == 200


async def main() -> None:
    global SESSION
    async with aiohttp.ClientSession() as SESSION:
        for name in ("a", "b", "c"):
            assert await exists(name)


asyncio.run(main())
