# cause: H
# report: litellm #15832
# library: curl_cffi
# needs: curl_cffi
# connections: 3
# leaks: 2
# kind: orphan
# owner: curl_cffi.AsyncSession
"""A cache of one async session: what it evicts is dropped, and stays open for ever."""

import asyncio
import sys
from functools import lru_cache

from curl_cffi.requests import AsyncSession


@lru_cache(maxsize=1)
def session_of(tenant: int) -> AsyncSession:
    return AsyncSession(headers={"X-Tenant": str(tenant)})  # made here


async def main(url: str) -> None:
    for tenant in range(3):
        reply = await session_of(tenant).get(url, timeout=5)  # opened here
        assert reply.status_code == 200
    await session_of(2).close()


asyncio.run(main(sys.argv[1]))
