# cause: A
# report: langchain #38610
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.AsyncClient
# held_by: __main__.CLIENTS[0] | AsyncClient
# needs: uvloop
"""A socket made in C, on a loop that stays."""

import asyncio
import sys

import httpx
import uvloop

CLIENTS = []


async def main() -> None:
    client = httpx.AsyncClient()  # made here
    CLIENTS.append(client)
    assert (await client.get(sys.argv[1])).status_code == 200  # opened here


loop = uvloop.new_event_loop()
loop.run_until_complete(asyncio.wait_for(main(), 10))
