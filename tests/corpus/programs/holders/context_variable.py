# cause: H
# report: elasticsearch-py #2349
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.Client
# held_by: context variable 'CURRENT' | Client
"""A client in a context variable, set for the whole program."""

import sys
from contextvars import ContextVar

import httpx

CURRENT: ContextVar[httpx.Client] = ContextVar("CURRENT")


def load(url: str) -> int:
    return CURRENT.get().get(url).status_code  # opened here


CURRENT.set(httpx.Client())  # made here
assert load(sys.argv[1]) == 200
