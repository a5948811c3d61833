# connections: 1
"""A session that only a timer of the event loop knows, an hour ahead."""

import asyncio
import sys
import threading

import aiohttp

ready = threading.Event()
loop = asyncio.new_event_loop()


def report(session: aiohttp.ClientSession) -> None:
    print(session.closed)


async def load(url: str) -> None:
    session = aiohttp.ClientSession()
    async with session.get(url) as reply:
        await reply.read()
    await session.close()
    asyncio.get_running_loop().call_later(3600, report, session)
    asyncio.get_running_loop().call_soon(ready.set)


def run() -> None:
    loop.create_task(load(sys.argv[1]))
    loop.run_forever()


threading.Thread(target=run, daemon=True).start()
assert ready.wait(10)
