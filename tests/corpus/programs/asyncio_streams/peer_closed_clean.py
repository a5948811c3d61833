# connections: 1
"""A stream that the server closed, and that is closed in turn."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET /close HTTP/1.1\r\nHost: corpus\r\n\r\n"


async def main() -> None:
    global LINK
    LINK = await asyncio.open_connection(HOST, PORT)
    reader, writer = LINK
    writer.write(REQUEST)
    assert await reader.read()
    writer.close()


asyncio.run(main())
