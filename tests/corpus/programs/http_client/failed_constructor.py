# cause: D
# report: cpython #74579
# library: http.client
# connections: 1
# leaks: 1
# kind: unclosed
# owner: http.client.HTTPConnection
# requests: 0
"""A constructor connects and fails; what caught its error keeps it."""

import http.client
import sys
from urllib.parse import urlsplit


class Login:
    def __init__(self, netloc: str) -> None:
        self.connection = http.client.HTTPConnection(netloc, timeout=5)  # made here
        self.connection.connect()  # opened here
        raise PermissionError("no such user")


FAILURE = None
try:
    Login(urlsplit(sys.argv[1]).netloc)
except PermissionError as error:
    FAILURE = error
assert FAILURE is not None
