# cause: A
# report: psf/requests #5002
# library: asyncio
# needs: uvloop
# connections: 3
# leaks: 3
# kind: unclosed
# owner: asyncio.StreamWriter
# held_by: __main__.WRITERS[0] | StreamWriter
"""A stream opened for each call, and kept."""

import asyncio
import sys
from urllib.parse import urlsplit

import uvloop

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
WRITERS: list[asyncio.StreamWriter] = []


async def call() -> bytes:
    reader, writer = await asyncio.open_connection(HOST, PORT)  # opened here
    WRITERS.append(writer)
    writer.write(REQUEST)
    return await reader.readline()


async def main() -> None:
    for _ in range(3):
        await call()


loop = uvloop.new_event_loop()
loop.run_until_complete(main())
