# connections: 1
"""It is closed when it is let go."""

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
    connection = Tracked(netloc)
    connection.request("GET", "/")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


assert load(urlsplit(sys.argv[1]).netloc)
