# cause: B
# report: mistralai/client-python #532
# library: httpx2
# connections: 1
# leaks: 1
# kind: unread
# owner: httpx2.AsyncClient
# held_by: __main__.ERRORS[0] | HTTPStatusError.response | Response
"""An error that is raised for a streamed reply keeps it, unread."""

import asyncio
import sys

import httpx2

ERRORS = []


async def fetch(client: httpx2.AsyncClient, url: str) -> bytes:
    request = client.build_request("GET", url)
    reply = await client.send(request, stream=True)  # opened here
    reply.raise_for_status()
    return await reply.aread()


async def main() -> None:
    client = httpx2.AsyncClient()  # made here
    try:
        await fetch(client, f"{sys.argv[1]}status/500")
    except httpx2.HTTPStatusError as error:
        ERRORS.append(error)


asyncio.run(main())
