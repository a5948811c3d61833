# cause: A
# report: langchain #38610
# library: httpx
# connections: 2
# leaks: 2
# kind: unclosed
# owner: httpx.AsyncClient
# held_by: __main__.APP | App.client | AsyncClient
"""A warm pool is no leak while it is in use; at the end nobody has closed it."""

import asyncio
import sys

import httpx

from urlsession import watch


class App:
    def __init__(self) -> None:
        self.client = httpx.AsyncClient()  # made here


APP = App()


async def main() -> None:
    replies = [APP.client.get(sys.argv[1]) for _ in range(2)]
    await asyncio.gather(*replies)  # opened here
    assert watch.check().leaks == ()


asyncio.run(main())
