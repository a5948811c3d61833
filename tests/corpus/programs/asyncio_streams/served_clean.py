# connections: 2
"""Replies of the program's own server, which leaves its side open; ours is closed."""

import asyncio

SERVED: list[asyncio.StreamWriter] = []


async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    SERVED.append(writer)
    writer.write(b"first\nsecond\n")


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await reader.readline()
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(2):
        assert await ask(port) == b"first\n"


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
