# environment: niquests
# connections: 2
"""A block closes each."""

import asyncio
import gc
import sys

import niquests

gc.disable()


async def load(url: str) -> int:
    async with niquests.AsyncSession() as session:
        return (await session.get(url, timeout=5)).status_code


async def main(url: str) -> None:
    assert [await load(url), await load(url)] == [200, 200]


asyncio.run(main(sys.argv[1]))
