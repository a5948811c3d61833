# connections: 3
"""Closing is shielded from a cancellation."""

import asyncio
import gc
import sys

import httpx

gc.disable()


async def main() -> None:
    client = httpx.AsyncClient()
    replies = [client.get(sys.argv[1]) for _ in range(3)]
    await asyncio.gather(*replies)
    closing = asyncio.create_task(client.aclose())
    shield = asyncio.shield(closing)
    await asyncio.sleep(0)
    shield.cancel()
    await closing
    assert client.is_closed


asyncio.run(main())
