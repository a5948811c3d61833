# connections: 2
# needs: aiohttp
"""A connector that sessions share, closed by who made it; and one that its session owns."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def fetch(name: str) -> bytes:
    session = aiohttp.ClientSession(connector=CONNECTOR, connector_owner=False)
    async with session, session.get(f"{URL}?{name}") as response:
        return await response.read()


async def main() -> None:
    global CONNECTOR, SESSION
    CONNECTOR = aiohttp.TCPConnector(limit=4)
    for name in ("a", "b", "c"):
        await fetch(name)
    await CONNECTOR.close()

    connector = aiohttp.TCPConnector(limit=4)
    SESSION = aiohttp.ClientSession(connector=connector)
    async with SESSION.get(URL) as response:
        await response.read()
    await connector.close()


asyncio.run(main())
