# connections: 1
"""A generator of pages that is not taken to its end, so its block is never left."""

import sys
from collections.abc import Iterator

import httpx


def pages(url: str) -> Iterator[int]:
    with httpx.Client() as client:
        while True:
            yield client.get(url).status_code


PAGES = pages(sys.argv[1])
assert next(PAGES) == 200
PAGES.close()
