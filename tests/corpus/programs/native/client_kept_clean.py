# needs: primp
# connections: 2
"""A client in Rust that tells the server to close, since it cannot do so itself."""

import sys

import primp


def fetch(url: str) -> bytes:
    client = primp.Client(headers={"Connection": "close"})
    return client.get(f"{url}slow/0.3").content


for _ in range(2):
    assert fetch(sys.argv[1]) == b"at last"
