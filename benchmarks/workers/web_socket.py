"""What the WebSocket scenarios share: an echo server of raw sockets, and the loops.

The server counts bytes instead of reading frames: every message has the same length,
and what comes back is a frame that was made before. So it costs next to nothing, on
a core of its own where there is one. Run as a module it is that server.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.raw_server import run_server, serve_until_input_ends
from benchmarks.workers.harness import Job, Sample, measure_async

__all__ = ("MESSAGE", "echo_server", "measure_echoes")

MESSAGE = b"0123456789abcdef" * 2
PIPELINED = "web-socket-pipelined"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SENT = bytes((0x82, len(MESSAGE))) + MESSAGE
_RECEIVED_BYTES = len(_SENT) + 4  # a client's frame has a masking key too

Send = Callable[[bytes], Awaitable[object]]
Receive = Callable[[], Awaitable[object]]


@contextmanager
def echo_server() -> Iterator[str]:
    """Run the server as a process; give its URL."""
    with run_server("benchmarks.workers.web_socket") as port:
        yield f"ws://127.0.0.1:{port}/"


async def measure_echoes(job: Job, send: Send, receive: Receive) -> Sample:
    """Measure messages that come back, one at a time or as many as the sockets hold."""

    async def one_at_a_time(count: int) -> None:
        for _ in range(count):
            await send(MESSAGE)
            await receive()

    async def pipelined(count: int) -> None:
        async def send_all() -> None:
            for _ in range(count):
                await send(MESSAGE)

        sending = asyncio.ensure_future(send_all())
        for _ in range(count):
            await receive()
        await sending

    loop = pipelined if job.kind == PIPELINED else one_at_a_time
    return await measure_async(replace(job, in_flight=1), loop)


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, _, rest = head.partition(b"\r\n\r\n")
    key = next(
        line.partition(b":")[2].strip()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    have, buffer = len(rest), bytearray(1024 * 1024)
    while count := connection.recv_into(buffer):
        whole, have = divmod(have + count, _RECEIVED_BYTES)
        if whole:
            connection.sendall(_SENT * whole)


if __name__ == "__main__":
    serve_until_input_ends(_serve)
