# connections: 1
"""A function that has its session to itself; nobody else can close it."""

import sys
from collections.abc import Callable

import requests


def make_client() -> Callable[[], int]:
    def load() -> int:
        with requests.Session() as session:
            return session.get(sys.argv[1], timeout=5).status_code

    return load


load = make_client()
assert load() == 200
