# connections: 1
"""It closes what it had opened before it fails."""

import http.client
import sys
from urllib.parse import urlsplit


class Login:
    def __init__(self, netloc: str) -> None:
        self.connection = http.client.HTTPConnection(netloc, timeout=5)
        self.connection.connect()
        self.connection.close()
        raise PermissionError("no such user")


FAILURE = None
try:
    Login(urlsplit(sys.argv[1]).netloc)
except PermissionError as error:
    FAILURE = error
assert FAILURE is not None
