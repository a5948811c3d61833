# cause: A
# report: anthropic-sdk-python #84
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.Client
# held_by: __main__.ROUTES['load'] | partial of load()[0] | Client
"""A table of calls that were prepared with their client."""

import sys
from functools import partial

import httpx


def load(client: httpx.Client, url: str) -> int:
    return client.get(url).status_code  # opened here


ROUTES = {"load": partial(load, httpx.Client())}  # made here
assert ROUTES["load"](sys.argv[1]) == 200
