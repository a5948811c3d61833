# cause: A
# report: psf/requests #5002
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.load | closure of make_client(): 'session' | Session
"""A function that has its session to itself; nobody else can close it."""

import sys
from collections.abc import Callable

import requests


def make_client() -> Callable[[], int]:
    session = requests.Session()  # made here

    def load() -> int:
        return session.get(sys.argv[1], timeout=5).status_code  # opened here

    return load


load = make_client()
assert load() == 200
