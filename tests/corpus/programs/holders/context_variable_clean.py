# connections: 1
"""A client in a context variable, set for the whole program."""

import sys
from contextvars import ContextVar

import httpx

CURRENT: ContextVar[httpx.Client] = ContextVar("CURRENT")


def load(url: str) -> int:
    return CURRENT.get().get(url).status_code


CURRENT.set(httpx.Client())
assert load(sys.argv[1]) == 200
CURRENT.get().close()
