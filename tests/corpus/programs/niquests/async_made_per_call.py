# cause: A
# report: psf/requests #5002
# environment: niquests
# library: niquests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: niquests.AsyncSession
# held_by: __main__.KEPT[0] | AsyncSession
"""An async session that is kept when its loop has ended."""

import asyncio
import sys

import niquests

KEPT = []


async def main(url: str) -> None:
    session = niquests.AsyncSession()  # made here
    KEPT.append(session)
    reply = await session.get(url, timeout=5)  # opened here
    assert reply.status_code == 200


asyncio.run(main(sys.argv[1]))
