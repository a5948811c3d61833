# connections: 1
"""A registry of weak references holds nothing; a cycle does, until it is collected."""

import gc
import sys
from weakref import WeakSet

import requests

gc.disable()


class Api:
    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.api = self  # type: ignore[attr-defined]  # the cycle
        APIS.add(self)

    def load(self, url: str) -> int:
        return self.session.get(url, timeout=5).status_code


APIS: WeakSet[Api] = WeakSet()
api = Api()
assert api.load(sys.argv[1]) == 200
api.session.close()
assert len(APIS) == 1
