# cause: D
# report: httpx #3782
# library: httpx
# connections: 2
# leaks: 1
# kind: unclosed
# owner: httpx.AsyncClient
"""A time-out leads past the close; the connection that timed out is closed."""

import asyncio
import sys

import httpx

CLIENTS = []


async def fetch(url: str) -> None:
    client = httpx.AsyncClient(timeout=5)  # made here
    CLIENTS.append(client)
    assert (await client.get(url)).status_code == 200  # opened here
    idle = client.get(f"{url}bytes/1")
    slow = asyncio.wait_for(client.get(f"{url}slow/20"), 0.3)
    await asyncio.gather(idle, slow)
    await client.aclose()


async def main() -> None:
    try:
        await fetch(sys.argv[1])
    except TimeoutError:
        return
    raise AssertionError


asyncio.run(main())
