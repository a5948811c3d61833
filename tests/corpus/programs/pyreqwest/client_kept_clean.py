# needs: pyreqwest
# connections: 3
"""Clients in a block, and one that is dropped, which closes it."""

import sys

from pyreqwest.client import SyncClientBuilder


def fetch(url: str) -> int:
    with SyncClientBuilder().build() as client:
        return client.get(url).build().send().status


def fetch_and_drop(url: str) -> int:
    client = SyncClientBuilder().build()
    return client.get(url).build().send().status


for _ in range(2):
    assert fetch(sys.argv[1]) == 200
assert fetch_and_drop(sys.argv[1]) == 200
