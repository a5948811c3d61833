# cause: G
# report: cpython #114914
# library: http.client
# connections: 1
# leaks: 1
# kind: orphan
# owner: __main__.Tracked
# held_by: a cycle that nothing else reaches | Tracked.peers[0] | Tracked
"""A connection that refers to itself waits for the collector."""

import gc
import http.client
import sys
from urllib.parse import urlsplit

gc.disable()


class Tracked(http.client.HTTPConnection):
    def __init__(self, netloc: str) -> None:
        super().__init__(netloc, timeout=5)
        self.peers = [self]


def load(netloc: str) -> bytes:
    connection = Tracked(netloc)  # made here
    connection.request("GET", "/")  # opened here
    return connection.getresponse().read()


assert load(urlsplit(sys.argv[1]).netloc)
