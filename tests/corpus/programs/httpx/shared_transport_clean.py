# connections: 1
"""Clients for a moment around one transport, which is closed at the end."""

import sys

import httpx


def fetch(transport: httpx.HTTPTransport, url: str) -> int:
    client = httpx.Client(transport=transport)
    return client.get(url).status_code


with httpx.HTTPTransport(retries=1) as shared:
    assert [fetch(shared, sys.argv[1]) for _ in range(2)] == [200, 200]
