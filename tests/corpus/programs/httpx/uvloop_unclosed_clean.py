# connections: 1
# needs: uvloop
"""A socket made in C, on a loop that stays, and closed."""

import asyncio
import sys

import httpx
import uvloop

CLIENTS = []


async def main() -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(sys.argv[1])).status_code == 200


loop = uvloop.new_event_loop()
loop.run_until_complete(asyncio.wait_for(main(), 10))
