# cause: A
# report: langchain #38610
# library: aiohttp
# connections: 3
# leaks: 3
# kind: unclosed
# owner: aiohttp.ClientSession
# task: Task-2 Task-3 Task-4
# held_by: __main__.FOUND['a'] | Item.session | ClientSession
# needs: aiohttp
"""A session made for each call, and kept by what the call gave."""

import asyncio
import sys

import aiohttp

URL = sys.argv[1]


class Item:
    """A reply, and the session with which more of it could be asked for."""

    def __init__(self, session: aiohttp.ClientSession, text: str) -> None:
        self.session = session
        self.text = text


FOUND: dict[str, Item] = {}


async def find(name: str) -> None:
    session = aiohttp.ClientSession()  # made here
    async with session.get(f"{URL}?{name}") as response:  # opened here
        FOUND[name] = Item(session, await response.text())


async def main() -> None:
    await asyncio.gather(*map(find, ("a", "b", "c")))


asyncio.run(main())
