# connections: 4
# needs: aiohttp
"""A session made for each call, in a block; one is left to its reference count."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]
FOUND: list[str] = []


async def find(name: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{URL}?{name}") as response:
            FOUND.append(await response.text())


async def find_last(name: str) -> None:
    # aiohttp closes the connections of a session that is dropped.
    async with aiohttp.ClientSession().get(f"{URL}?{name}") as response:
        FOUND.append(await response.text())


async def main() -> None:
    await asyncio.gather(*map(find, ("a", "b", "c")))
    await find_last("d")


asyncio.run(main())
