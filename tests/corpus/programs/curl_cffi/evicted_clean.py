# needs: curl_cffi
# connections: 3
"""A cache that closes what it evicts."""

import asyncio
import sys

from curl_cffi.requests import AsyncSession

CACHE: dict[int, AsyncSession] = {}


async def session_of(tenant: int) -> AsyncSession:
    if tenant not in CACHE:
        while CACHE:
            await CACHE.popitem()[1].close()
        CACHE[tenant] = AsyncSession(headers={"X-Tenant": str(tenant)})
    return CACHE[tenant]


async def main(url: str) -> None:
    for tenant in range(3):
        session = await session_of(tenant)
        reply = await session.get(url, timeout=5)
        assert reply.status_code == 200
    await (await session_of(2)).close()


asyncio.run(main(sys.argv[1]))
