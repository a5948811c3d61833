# connections: 2
"""A session that closes what it opened when its login fails."""

import asyncio
import sys
from urllib.parse import urlsplit

HOST, PORT = urlsplit(sys.argv[1]).hostname, urlsplit(sys.argv[1]).port
REQUEST = b"GET / HTTP/1.1\r\nHost: corpus\r\n\r\n"
FAILURES: list[Exception] = []


class LoginError(Exception):
    """Knows the session that failed."""

    def __init__(self, session: "Session") -> None:
        super().__init__("not welcome")
        self.session = session


class Session:
    """Connects, then says who it is."""

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(HOST, PORT)
        try:
            self.writer.write(REQUEST)
            if b"250" not in await self.reader.readline():
                raise LoginError(self)
        except LoginError:
            self.writer.close()
            raise


async def main() -> None:
    for _ in range(2):
        try:
            await Session().open()
        except LoginError as error:
            FAILURES.append(error.with_traceback(None))


asyncio.run(main())
