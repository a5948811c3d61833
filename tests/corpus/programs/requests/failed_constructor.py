# cause: D
# report: cpython #74579
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
"""A constructor connects and then fails; its traceback keeps what it made."""

import sys

import requests


class Api:
    def __init__(self, url: str) -> None:
        self.session = requests.Session()  # made here
        self.version = self.session.get(url, timeout=5).json()["version"]  # opened here


FAILURE = None
try:
    Api(sys.argv[1])
except KeyError as error:
    FAILURE = error
assert FAILURE is not None
