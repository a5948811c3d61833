# cause: A
# report: anthropic-sdk-python #84
# library: httpx2
# connections: 2
# leaks: 2
# kind: unclosed
# owner: httpx2.Client
# held_by: __main__.KEPT[0] | Client
"""A client made for each call, and kept."""

import sys

import httpx2

KEPT: dict[int, httpx2.Client] = {}


def fetch(number: int, url: str) -> int:
    KEPT[number] = httpx2.Client()  # made here
    return KEPT[number].get(url).status_code  # opened here


for at in range(2):
    assert fetch(at, sys.argv[1]) == 200
