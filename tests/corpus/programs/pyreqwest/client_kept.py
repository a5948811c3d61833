# cause: A
# library: pyreqwest
# needs: pyreqwest
# connections: 2
# leaks: 2
# kind: unclosed
# owner: pyreqwest.client.SyncClient
# held_by: __main__.KEPT[0] | SyncClient
"""A client made for each call, and kept in a list."""

import sys

from pyreqwest.client import SyncClientBuilder

KEPT = []


def fetch(url: str) -> int:
    client = SyncClientBuilder().build()  # made here
    KEPT.append(client)
    return client.get(url).build().send().status  # opened here


for _ in range(2):
    assert fetch(sys.argv[1]) == 200
