# connections: 2
"""A client on a transport, whose close() closes that too."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
CLIENTS: list["Client"] = []


class Client(asyncio.Protocol):
    """Sends one request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.is_connected = True
        self.replied = asyncio.get_running_loop().create_future()
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if not self.replied.done():
            self.replied.set_result(data)

    def close(self) -> None:
        self.is_connected = False
        self.transport.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    for _ in range(2):
        _, client = await loop.create_connection(Client, HOST, PORT)
        CLIENTS.append(client)
        await client.replied
        client.close()


asyncio.run(main())
