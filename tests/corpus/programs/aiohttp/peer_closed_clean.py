# connections: 1
# needs: aiohttp
"""A pooled connection that the server closed; the session is closed all the same."""

import asyncio
import select
import socket
import sys

import aiohttp

URL = sys.argv[1]


SOCKETS: list[socket.socket] = []


def make_socket(info: tuple[int, int, int, object, object]) -> socket.socket:
    SOCKETS.append(socket.socket(*info[:3]))
    return SOCKETS[-1]


async def fetch() -> None:
    global SESSION
    connector = aiohttp.TCPConnector(socket_factory=make_socket)
    SESSION = aiohttp.ClientSession(connector=connector)
    async with SESSION.get(f"{URL}close/0.5") as response:
        await response.read()


loop = asyncio.new_event_loop()
loop.run_until_complete(fetch())
poll = select.poll()
poll.register(SOCKETS[0], select.POLLRDHUP)
assert poll.poll(5000)
loop.run_until_complete(SESSION.close())
