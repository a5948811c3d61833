# cause: D
# report: asyncpg #464
# library: asyncio
# connections: 2
# leaks: 2
# kind: unclosed
# owner: asyncio.StreamWriter
"""A reply that is waited for in vain: the time-out skips the close()."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET /slow/9 HTTP/1.1\r\nHost: corpus\r\n\r\n"
OPEN: set[asyncio.StreamWriter] = set()


async def call() -> bytes:
    reader, writer = await asyncio.open_connection(HOST, PORT)  # opened here
    OPEN.add(writer)
    writer.write(REQUEST)
    line = await reader.readline()
    writer.close()
    OPEN.discard(writer)
    return line


async def main() -> None:
    for _ in range(2):
        try:
            async with asyncio.timeout(0.2):
                await call()
        except TimeoutError:
            continue


asyncio.run(main())
