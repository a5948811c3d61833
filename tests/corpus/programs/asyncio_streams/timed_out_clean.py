# connections: 2
"""A reply that is waited for in vain; the stream is closed whatever happens."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET /slow/9 HTTP/1.1\r\nHost: corpus\r\n\r\n"
OPEN: set[asyncio.StreamWriter] = set()


async def call() -> bytes:
    reader, writer = await asyncio.open_connection(HOST, PORT)
    OPEN.add(writer)
    try:
        writer.write(REQUEST)
        return await reader.readline()
    finally:
        writer.close()


async def main() -> None:
    for _ in range(2):
        try:
            async with asyncio.timeout(0.2):
                await call()
        except TimeoutError:
            continue


asyncio.run(main())
