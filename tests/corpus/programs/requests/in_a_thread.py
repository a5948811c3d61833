# cause: A
# report: langchain #38610
# library: requests
# connections: 3
# leaks: 3
# kind: unclosed
# owner: requests.Session
"""Blocking loads that coroutines hand to threads, each with a session of its own."""

import asyncio
import sys
import threading

import requests

SESSIONS = [requests.Session() for _ in range(3)]  # made here


async def main(url: str) -> None:
    loop = asyncio.get_running_loop()
    first, second, third = SESSIONS
    await asyncio.gather(  # opened here
        asyncio.to_thread(first.get, url, timeout=5)
    )
    await loop.run_in_executor(None, second.get, url)  # opened here
    thread = threading.Thread(target=third.get, args=(url,))
    thread.start()  # opened here
    thread.join()


asyncio.run(main(sys.argv[1]))
