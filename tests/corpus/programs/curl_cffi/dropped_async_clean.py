# needs: curl_cffi
# connections: 3
"""An async session made for each call, in a block."""

import asyncio
import sys

from curl_cffi.requests import AsyncSession


async def fetch(url: str) -> int:
    async with AsyncSession() as session:
        reply = await session.get(url, timeout=5)
        return reply.status_code


async def main(url: str) -> None:
    for _ in range(3):
        assert await fetch(url) == 200


asyncio.run(main(sys.argv[1]))
