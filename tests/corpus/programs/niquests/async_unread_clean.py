# environment: niquests
# server: https
# needs: trustme
# connections: 1
"""It is closed before that."""

import asyncio
import sys
import warnings

import niquests

warnings.simplefilter("ignore")
KEPT = []


async def main(url: str) -> None:
    async with niquests.AsyncSession() as session:
        session.trust_env = session.verify = False
        KEPT.append(await session.get(url, stream=True, timeout=5))
        await KEPT[0].close()


asyncio.run(main(f"https://{sys.argv[2]}/bytes/1000000"))
