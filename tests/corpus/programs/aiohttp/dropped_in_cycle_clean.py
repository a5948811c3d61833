# connections: 2
# needs: aiohttp
"""A client in a cycle that closes its session before it is dropped."""

import asyncio
import gc
import sys

import aiohttp

URL = sys.argv[1]
gc.disable()  # as in a program that collects between requests only


class Api:
    """Refers to itself by its callback."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession()
        self.on_error = self.report

    def report(self, error: Exception) -> None:
        print(error)

    async def fetch(self) -> bytes:
        async with self.session.get(URL) as response:
            return await response.read()


async def main() -> None:
    for _ in range(2):
        api = Api()
        await api.fetch()
        await api.session.close()


asyncio.run(main())
