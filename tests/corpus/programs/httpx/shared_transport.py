# cause: C
# report: botocore #1370, of httpx
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.HTTPTransport
# held_by: __main__.TRANSPORT | HTTPTransport
"""Clients for a moment around one transport, which is what nobody closes."""

import sys

import httpx

TRANSPORT = httpx.HTTPTransport(retries=1)  # made here


def fetch(url: str) -> int:
    client = httpx.Client(transport=TRANSPORT)
    return client.get(url).status_code  # opened here


assert [fetch(sys.argv[1]) for _ in range(2)] == [200, 200]
