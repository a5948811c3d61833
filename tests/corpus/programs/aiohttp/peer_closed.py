# cause: F
# report: requests #7045
# library: aiohttp
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: aiohttp.ClientSession
# held_by: __main__.SESSION | ClientSession
# needs: aiohttp
"""A pooled connection that the server closed while the loop was not running."""

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
    SESSION = aiohttp.ClientSession(connector=connector)  # made here
    async with SESSION.get(f"{URL}close/0.5") as response:  # opened here
        await response.read()


loop = asyncio.new_event_loop()
loop.run_until_complete(fetch())
poll = select.poll()
poll.register(SOCKETS[0], select.POLLRDHUP)
assert poll.poll(5000)
