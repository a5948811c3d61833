# connections: 3
# server: https
# needs: trustme
"""Streams under TLS, closed when the loop has no time left to say goodbye."""

import asyncio
import ssl
import sys

HOST, PORT = sys.argv[2].split(":")
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE
WRITERS: list[asyncio.StreamWriter] = []


async def call(*, is_upgraded: bool) -> bytes:
    context = None if is_upgraded else CONTEXT
    reader, writer = await asyncio.open_connection(HOST, int(PORT), ssl=context)
    WRITERS.append(writer)
    if is_upgraded:
        await writer.start_tls(CONTEXT)
    writer.write(REQUEST)
    return await reader.readline()


async def main() -> None:
    for is_upgraded in (False, True, False):
        assert b"200" in await call(is_upgraded=is_upgraded)
    for writer in WRITERS:
        writer.close()


asyncio.run(main())
