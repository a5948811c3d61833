# connections: 3
"""A link that is closed before it is opened anew, and in the end."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
READERS: list["asyncio.Task[None]"] = []


class Link:
    """Listens by a task, which goes on with what it was given."""

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(HOST, PORT)
        listening = self.listen(self.reader, self.writer)
        READERS.append(asyncio.create_task(listening))
        await asyncio.sleep(0)

    async def listen(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while await reader.readline():
            writer.write(b"pong")


async def main() -> None:
    link = Link()
    for _ in range(3):
        await link.connect()
        link.writer.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
