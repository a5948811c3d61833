# environment: niquests
# connections: 1
"""An async session in a block."""

import asyncio
import sys

import niquests


async def main(url: str) -> None:
    async with niquests.AsyncSession() as session:
        reply = await session.get(url, timeout=5)
        assert reply.status_code == 200


asyncio.run(main(sys.argv[1]))
