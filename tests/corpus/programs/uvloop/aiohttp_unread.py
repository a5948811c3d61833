# cause: B
# report: aiohttp #5833
# library: aiohttp
# needs: aiohttp uvloop
# connections: 2
# leaks: 2
# kind: unread
# also: unclosed
# owner: aiohttp.ClientSession
# held_by: __main__.SESSION | ClientSession.connector … | ClientResponse
"""Responses of which only the status is looked at, under uvloop."""

import sys

import aiohttp
import uvloop

URL = sys.argv[1]


async def exists(name: str) -> bool:
    response = await SESSION.get(f"{URL}bytes/3000000?{name}")  # opened here
    return response.status == 200


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()  # made here
    for name in ("a", "b"):
        assert await exists(name)


loop = uvloop.new_event_loop()
loop.run_until_complete(main())
