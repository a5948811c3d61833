# connections: 3
"""What the cache drops is dropped whole, and the last one is closed."""

import functools
import sys

import requests


@functools.lru_cache(maxsize=1)
def session(region: str) -> requests.Session:
    return requests.Session()


for region in ("eu", "us", "eu"):
    assert session(region).get(sys.argv[1], timeout=5).ok
session("eu").close()
