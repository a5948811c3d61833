# cause: D
# report: httpcore #1093
# library: httpx
# connections: 3
# leaks: 2
# kind: orphan
# owner: httpx.AsyncClient
"""Closing is cancelled half-way: the client says that it is closed."""

import asyncio
import gc
import sys

import httpx

gc.disable()


async def main() -> None:
    client = httpx.AsyncClient()  # made here
    replies = [client.get(sys.argv[1]) for _ in range(3)]
    await asyncio.gather(*replies)  # opened here
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    assert client.is_closed


asyncio.run(main())
