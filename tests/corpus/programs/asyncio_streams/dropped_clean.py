# connections: 2
"""A stream whose writer hangs in a cycle, closed before it is dropped."""

import asyncio
import gc
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
gc.disable()  # as in a program that collects between requests only


class Line:
    """Answers by a callback of its own."""

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(HOST, PORT)
        self.answer = self.take
        self.writer.write(REQUEST)

    async def take(self) -> bytes:
        return await self.reader.readline()


async def main() -> None:
    for _ in range(2):
        line = Line()
        await line.open()
        await line.answer()
        line.writer.close()


asyncio.run(main())
