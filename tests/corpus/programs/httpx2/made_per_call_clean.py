# connections: 2
"""A client made for each call, and dropped: httpx2 has no cycle, so that closes it."""

import sys

import httpx2


def fetch(url: str) -> int:
    client = httpx2.Client()
    return client.get(url).status_code


for _ in range(2):
    assert fetch(sys.argv[1]) == 200
