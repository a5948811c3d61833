# cause: H
# report: elasticsearch-py #2349
# library: requests
# connections: 2
# leaks: 2
# kind: unclosed
# owner: requests.Session
# requests: 1 2
# held_by: __main__.session | cache of session() | Session
"""A function that remembers its sessions for ever."""

import functools
import sys

import requests


@functools.lru_cache(maxsize=8)
def session(region: str) -> requests.Session:
    return requests.Session()  # made here


for region in ("eu", "us", "eu"):
    assert session(region).get(sys.argv[1], timeout=5).ok  # opened here
