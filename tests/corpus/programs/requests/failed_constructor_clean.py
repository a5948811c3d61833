# connections: 1
"""A constructor that fails closes what it made."""

import sys

import requests


class Api:
    def __init__(self, url: str) -> None:
        self.session = requests.Session()
        try:
            self.version = self.session.get(url, timeout=5).json()["version"]
        except BaseException:
            self.session.close()
            raise


FAILURE = None
try:
    Api(sys.argv[1])
except KeyError as error:
    FAILURE = error
assert FAILURE is not None
