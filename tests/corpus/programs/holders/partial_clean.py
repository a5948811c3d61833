# connections: 1
"""A table of calls that were prepared with their client."""

import sys
from functools import partial

import httpx


def load(client: httpx.Client, url: str) -> int:
    return client.get(url).status_code


with httpx.Client() as client:
    ROUTES = {"load": partial(load, client)}
    assert ROUTES["load"](sys.argv[1]) == 200
