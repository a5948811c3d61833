# cause: A
# library: socket
# needs: primp
# connections: 2
# leaks: 2
# kind: unclosed
# inferred: yes
"""A client in Rust that no adapter knows, made for each call and kept."""

import sys

import primp

KEPT = []


def fetch(url: str) -> bytes:
    client = primp.Client()
    KEPT.append(client)
    return client.get(f"{url}slow/0.3").content  # opened here


for _ in range(2):
    assert fetch(sys.argv[1]) == b"at last"
