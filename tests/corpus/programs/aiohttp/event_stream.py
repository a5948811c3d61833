# cause: B
# report: openai-python #763
# library: aiohttp
# connections: 2
# leaks: 2
# kind: unread
# also: unclosed
# owner: aiohttp.ClientSession
# needs: aiohttp
# server: websocket
"""Event streams that are left after their first event."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


async def first_event(topic: str) -> bytes:
    response = await SESSION.get(f"{URL}stream?{topic}")  # opened here
    async for event in response.content.iter_any():
        return event
    raise AssertionError


async def main() -> None:
    global SESSION
    SESSION = aiohttp.ClientSession()  # made here
    for topic in ("a", "b"):
        assert await first_event(topic) == b"hello"


asyncio.run(main())
