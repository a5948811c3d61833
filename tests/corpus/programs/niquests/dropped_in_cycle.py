# cause: G
# report: urllib3 #3082
# environment: niquests
# library: niquests
# connections: 2
# leaks: 2
# kind: orphan
# owner: niquests.AsyncSession
"""Async sessions that are dropped wait for the collector: a load makes them a cycle."""

import asyncio
import gc
import sys

import niquests

gc.disable()


async def load(url: str) -> int:
    session = niquests.AsyncSession()  # made here
    return (await session.get(url, timeout=5)).status_code  # opened here


async def main(url: str) -> None:
    assert [await load(url), await load(url)] == [200, 200]


asyncio.run(main(sys.argv[1]))
