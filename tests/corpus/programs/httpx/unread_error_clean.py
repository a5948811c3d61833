# connections: 2
"""A streamed reply is closed whatever its status is."""

import sys

import httpx


def fetch(client: httpx.Client, url: str) -> bytes | None:
    with client.stream("GET", url) as reply:
        return None if reply.status_code != 200 else reply.read()


with httpx.Client() as client:
    for _ in range(2):
        assert fetch(client, f"{sys.argv[1]}status/500") is None
