# connections: 3
# needs: uvloop
"""A stream opened for each call, and closed; a server of the program's own."""

import asyncio
import sys
from urllib.parse import urlsplit

import uvloop

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
WRITERS: list[asyncio.StreamWriter] = []


async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    WRITERS.append(writer)
    writer.write(b"hello\n")


async def call(host: str | None, port: int | None) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    WRITERS.append(writer)
    writer.write(REQUEST)
    line = await reader.readline()
    writer.close()
    return line


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    own_port = server.sockets[0].getsockname()[1]
    await asyncio.gather(call(HOST, PORT), call(HOST, PORT))
    assert await call("127.0.0.1", own_port) == b"hello\n"


loop = uvloop.new_event_loop()
loop.run_until_complete(main())
