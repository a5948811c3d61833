# cause: A
# report: psf/requests #5002
# library: asyncio
# connections: 3
# leaks: 3
# kind: unclosed
# owner: asyncio.StreamWriter
# held_by: __main__.WRITERS['a'] | StreamWriter
"""A stream opened for each call, and kept."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
WRITERS: dict[str, asyncio.StreamWriter] = {}


async def call(name: str) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, PORT)  # opened here
    WRITERS[name] = writer
    writer.write(REQUEST)
    return await reader.readline()


async def main() -> None:
    await asyncio.gather(*map(call, ("a", "b", "c")))


asyncio.run(main())
