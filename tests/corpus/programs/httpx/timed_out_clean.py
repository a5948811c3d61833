# connections: 2
"""A time-out leads through the close."""

import asyncio
import sys

import httpx


async def fetch(client: httpx.AsyncClient, url: str) -> None:
    assert (await client.get(url)).status_code == 200
    idle = client.get(f"{url}bytes/1")
    slow = asyncio.wait_for(client.get(f"{url}slow/20"), 0.3)
    await asyncio.gather(idle, slow)


async def main() -> None:
    client = httpx.AsyncClient(timeout=5)
    try:
        await fetch(client, sys.argv[1])
    except TimeoutError:
        return
    finally:
        await client.aclose()


asyncio.run(main())
