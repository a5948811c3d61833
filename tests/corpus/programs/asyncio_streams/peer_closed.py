# cause: F
# report: urllib3 #2100
# library: asyncio
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: asyncio.StreamWriter
# held_by: __main__.LINK[1] | StreamWriter
"""A stream that the server closed, and that nobody reads any more."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET /close HTTP/1.1\r\nHost: corpus\r\n\r\n"


async def main() -> None:
    global LINK
    LINK = await asyncio.open_connection(HOST, PORT)  # opened here
    reader, writer = LINK
    writer.write(REQUEST)
    assert await reader.read()


asyncio.run(main())
