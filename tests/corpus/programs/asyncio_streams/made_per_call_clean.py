# connections: 3
"""A stream opened for each call, and closed as the last thing done."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
WRITERS: list[asyncio.StreamWriter] = []


async def call(*, waits: bool) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, PORT)
    WRITERS.append(writer)
    writer.write(REQUEST)
    line = await reader.readline()
    writer.close()
    if waits:
        await writer.wait_closed()
    return line


async def main() -> None:
    await asyncio.gather(call(waits=True), call(waits=True), call(waits=False))


asyncio.run(main())
