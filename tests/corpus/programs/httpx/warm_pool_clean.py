# connections: 2
"""A warm pool is no leak while it is in use, and is closed at the end."""

import asyncio
import sys

import httpx

from urlsession import watch


async def main() -> None:
    client = httpx.AsyncClient()
    try:
        await asyncio.gather(*(client.get(sys.argv[1]) for _ in range(2)))
        assert watch.check().leaks == ()
    finally:
        await client.aclose()


asyncio.run(main())
