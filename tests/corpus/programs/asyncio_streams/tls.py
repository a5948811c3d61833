# cause: A
# report: psf/requests #5002
# library: asyncio
# connections: 3
# leaks: 3
# kind: unclosed
# owner: asyncio.StreamWriter
# server: https
# needs: trustme
"""Streams under TLS that are kept: from the start, or begun on an open one."""

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
    reader, writer = await asyncio.open_connection(  # opened here
        HOST, int(PORT), ssl=context
    )
    WRITERS.append(writer)
    if is_upgraded:
        await writer.start_tls(CONTEXT)
    writer.write(REQUEST)
    return await reader.readline()


async def main() -> None:
    for is_upgraded in (False, True, False):
        assert b"200" in await call(is_upgraded=is_upgraded)


asyncio.run(main())
