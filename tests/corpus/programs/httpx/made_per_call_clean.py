# connections: 3
"""A client made for each call, in a block."""

import gc
import sys

import httpx

gc.disable()


def fetch(url: str) -> int:
    with httpx.Client() as client:
        return client.get(url).status_code


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
