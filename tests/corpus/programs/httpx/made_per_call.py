# cause: A
# report: psf/requests #5002, of httpx
# library: httpx
# connections: 3
# leaks: 3
# kind: orphan
# owner: httpx.Client
"""A client made for each call and dropped: freed, with its socket open below it."""

import gc
import sys

import httpx

gc.disable()  # when the collector runs is the program's luck


def fetch(url: str) -> int:
    client = httpx.Client()  # made here
    return client.get(url).status_code  # opened here


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
