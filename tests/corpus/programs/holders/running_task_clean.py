# connections: 1
"""A task that polls from a loop in the background while the program ends."""

import asyncio
import sys
import threading

import aiohttp

ready = threading.Event()


async def poll(url: str) -> None:
    session = aiohttp.ClientSession()
    async with session.get(url) as reply:
        assert reply.status == 200
        await reply.read()
    await session.close()
    ready.set()
    await asyncio.sleep(3600)


async def run() -> None:
    await asyncio.create_task(poll(sys.argv[1]), name="poller")


threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
assert ready.wait(10)
