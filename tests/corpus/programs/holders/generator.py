# cause: D
# report: openai-python #763
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.Client
# held_by: __main__.PAGES | local 'client' of pages() at generator.py:20 | Client
"""A generator of pages that is not taken to its end, so its block is never left."""

import sys
from collections.abc import Iterator

import httpx


def pages(url: str) -> Iterator[int]:
    with httpx.Client() as client:  # made here
        while True:
            yield client.get(url).status_code  # opened here


PAGES = pages(sys.argv[1])
assert next(PAGES) == 200
