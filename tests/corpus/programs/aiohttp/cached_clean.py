# connections: 2
# server: https
# needs: aiohttp trustme
"""Sessions that a cached function keeps, closed over TLS as the last thing done."""

import asyncio
import functools
import sys

import aiohttp

PORT = sys.argv[2].rpartition(":")[2]


@functools.cache
def session_of(tenant: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"X-Tenant": tenant})


async def fetch(tenant: str) -> bytes:
    url = f"https://localhost:{PORT}/"
    async with session_of(tenant).get(url, ssl=False) as response:
        return await response.read()


async def main() -> None:
    for tenant in ("a", "b", "a"):
        await fetch(tenant)
    for tenant in ("a", "b"):
        await session_of(tenant).close()


asyncio.run(main())
