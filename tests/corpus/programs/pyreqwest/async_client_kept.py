# cause: A
# library: pyreqwest
# needs: pyreqwest
# connections: 1
# leaks: 1
# kind: unclosed
# inferred: yes
# owner: pyreqwest.client.Client
# held_by: __main__.KEPT[0] | Client
"""An async client that is never closed."""

import asyncio
import sys

from pyreqwest.client import ClientBuilder

KEPT = []


async def main(url: str) -> None:
    client = ClientBuilder().build()  # made here
    KEPT.append(client)
    reply = await client.get(url).build().send()  # opened here
    assert await reply.bytes()


asyncio.run(main(sys.argv[1]))
