# cause: H
# report: litellm #15832
# library: aiohttp
# connections: 2
# leaks: 2
# kind: unclosed
# owner: aiohttp.ClientSession
# server: https
# needs: aiohttp trustme
"""Sessions that a cached function keeps, over TLS to a host of several addresses."""

import asyncio
import functools
import sys

import aiohttp

PORT = sys.argv[2].rpartition(":")[2]


@functools.cache
def session_of(tenant: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"X-Tenant": tenant})  # made here


async def fetch(tenant: str) -> bytes:
    url = f"https://localhost:{PORT}/"
    async with session_of(tenant).get(url, ssl=False) as response:  # opened here
        return await response.read()


async def main() -> None:
    for tenant in ("a", "b", "a"):
        await fetch(tenant)


asyncio.run(main())
