# connections: 3
"""The block that made them closes them."""

import asyncio
import sys
import threading

import requests

SESSIONS = [requests.Session() for _ in range(3)]


async def main(url: str) -> None:
    loop = asyncio.get_running_loop()
    first, second, third = SESSIONS
    await asyncio.gather(
        asyncio.to_thread(first.get, url, timeout=5)
    )
    await loop.run_in_executor(None, second.get, url)
    thread = threading.Thread(target=third.get, args=(url,))
    thread.start()
    thread.join()


asyncio.run(main(sys.argv[1]))
for one in SESSIONS:
    one.close()
