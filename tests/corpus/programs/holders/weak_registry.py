# cause: G
# report: urllib3 #3082
# library: requests
# connections: 1
# leaks: 1
# kind: orphan
# owner: requests.Session
# held_by: a cycle that nothing else reaches | Api.session | Session.api | Api
"""A registry of weak references holds nothing; a cycle does, until it is collected."""

import gc
import sys
from weakref import WeakSet

import requests

gc.disable()


class Api:
    def __init__(self) -> None:
        self.session = requests.Session()  # made here
        self.session.api = self  # type: ignore[attr-defined]  # the cycle
        APIS.add(self)

    def load(self, url: str) -> int:
        return self.session.get(url, timeout=5).status_code  # opened here


APIS: WeakSet[Api] = WeakSet()
assert Api().load(sys.argv[1]) == 200
assert len(APIS) == 1
