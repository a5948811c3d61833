# cause: B
# report: cpython #79139
# library: asyncio
# connections: 2
# leaks: 2
# kind: unclosed
# owner: asyncio.StreamWriter
"""Replies of the program's own server that are left in the middle."""

import asyncio

PENDING: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}


async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"first\nsecond\n")


async def ask(number: int, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(  # opened here
        "127.0.0.1", port
    )
    PENDING[number] = reader, writer
    return await reader.readline()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for number in range(2):
        assert await ask(number, port) == b"first\n"


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
