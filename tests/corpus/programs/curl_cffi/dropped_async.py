# cause: G
# report: curl_cffi #609
# library: curl_cffi
# needs: curl_cffi
# connections: 3
# leaks: 3
# kind: orphan
# owner: curl_cffi.AsyncSession
"""An async session made for each call and dropped: its sockets stay for ever."""

import asyncio
import sys

from curl_cffi.requests import AsyncSession


async def fetch(url: str) -> int:
    session = AsyncSession()  # made here
    reply = await session.get(url, timeout=5)  # opened here
    return reply.status_code


async def main(url: str) -> None:
    for _ in range(3):
        assert await fetch(url) == 200


asyncio.run(main(sys.argv[1]))
