# cause: G
# report: anthropic-sdk-python #150
# library: aiohttp
# connections: 2
# leaks: 2
# kind: orphan
# owner: aiohttp.ClientSession
# held_by: a cycle that nothing else reaches | Api.on_error | bound method Api.report() | Api.session | ClientSession
# needs: aiohttp
"""A client that is dropped within a cycle: its session waits for the collector."""

import asyncio
import gc
import sys

import aiohttp

URL = sys.argv[1]
gc.disable()  # as in a program that collects between requests only


class Api:
    """Refers to itself by its callback."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession()  # made here
        self.on_error = self.report

    def report(self, error: Exception) -> None:
        print(error)

    async def fetch(self) -> bytes:
        async with self.session.get(URL) as response:  # opened here
            return await response.read()


async def main() -> None:
    for _ in range(2):
        await Api().fetch()


asyncio.run(main())
