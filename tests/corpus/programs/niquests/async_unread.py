# cause: B
# report: aiohttp #5833
# environment: niquests
# server: https
# needs: trustme
# library: niquests
# connections: 1
# leaks: 1
# kind: unread
# owner: niquests.AsyncSession
# held_by: __main__.KEPT[0] | AsyncResponse.raw … | AsyncLowLevelResponse
"""A streamed reply outlives the block of its session."""

import asyncio
import sys
import warnings

import niquests

warnings.simplefilter("ignore")
KEPT = []


async def main(url: str) -> None:
    async with niquests.AsyncSession() as session:  # made here
        session.trust_env = session.verify = False
        KEPT.append(await session.get(url, stream=True, timeout=5))  # opened here


asyncio.run(main(f"https://{sys.argv[2]}/bytes/1000000"))
