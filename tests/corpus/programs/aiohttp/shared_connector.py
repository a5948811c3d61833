# cause: C
# report: azure-identity #36959
# library: aiohttp
# connections: 1
# leaks: 1
# kind: unclosed
# owner: aiohttp.TCPConnector
# held_by: __main__.CONNECTOR | TCPConnector
# needs: aiohttp
"""A connector that sessions share and none of them owns: nobody closes it."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def fetch(name: str) -> bytes:
    session = aiohttp.ClientSession(connector=CONNECTOR, connector_owner=False)
    async with session, session.get(f"{URL}?{name}") as response:  # opened here
        return await response.read()


async def main() -> None:
    global CONNECTOR
    CONNECTOR = aiohttp.TCPConnector(limit=4)  # made here
    for name in ("a", "b", "c"):
        await fetch(name)


asyncio.run(main())
