# cause: D
# report: discord.py #142
# library: aiohttp
# connections: 1
# leaks: 1
# kind: unclosed
# owner: aiohttp.ClientSession
# held_by: asyncio task 'poller' | local 'session' of poll() at running_task.py:26 | ClientSession
"""A task that polls from a loop in the background while the program ends."""

import asyncio
import sys
import threading

import aiohttp

ready = threading.Event()


async def poll(url: str) -> None:
    session = aiohttp.ClientSession()  # made here
    async with session.get(url) as reply:  # opened here
        assert reply.status == 200
        await reply.read()
    ready.set()
    await asyncio.sleep(3600)


async def run() -> None:
    await asyncio.create_task(poll(sys.argv[1]), name="poller")


threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
assert ready.wait(10)
