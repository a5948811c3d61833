# connections: 5
# server: websocket
# needs: aiohttp
# watch: --idle-after 0.5
"""Streams on which nothing comes for long, while somebody waits for it."""

import asyncio
import sys
from urllib.parse import urlsplit

import aiohttp

from urlsession import watch

URL = sys.argv[1]
HOST, PORT = urlsplit(URL).hostname, urlsplit(URL).port
OPEN: list[str] = []


async def follow(session: aiohttp.ClientSession) -> None:
    async with session.get(f"{URL}stream") as response:
        async for _ in response.content.iter_any():
            OPEN.append("stream")


async def wait(session: aiohttp.ClientSession) -> None:
    async with session.get(f"{URL}slow/9") as response:
        await response.read()


async def listen(session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(f"ws://{sys.argv[2]}/") as socket:
        OPEN.append("websocket")
        await socket.receive()


async def read_line() -> None:
    reader, writer = await asyncio.open_connection(HOST, PORT)
    OPEN.append("reader")
    try:
        await reader.readline()
    finally:
        writer.close()


async def main() -> None:
    transport, _ = await asyncio.get_running_loop().create_connection(
        asyncio.Protocol, HOST, PORT
    )
    async with aiohttp.ClientSession() as session:
        waiting = follow(session), wait(session), listen(session), read_line()
        tasks = [asyncio.create_task(one) for one in waiting]
        await asyncio.sleep(1)
        report = watch.check()
        assert len(OPEN) == 3 and len(report.connections) == 5
        assert not report.leaks, report.to_dict()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    transport.close()


asyncio.run(main())
