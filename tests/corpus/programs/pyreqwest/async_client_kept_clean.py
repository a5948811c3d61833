# needs: pyreqwest
"""An async client in a block."""

import asyncio
import sys

from pyreqwest.client import ClientBuilder


async def main(url: str) -> None:
    async with ClientBuilder().build() as client:
        reply = await client.get(url).build().send()
        assert await reply.bytes()


asyncio.run(main(sys.argv[1]))
