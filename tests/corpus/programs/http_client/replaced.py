# cause: E
# report: localharness #154
# library: http.client
# connections: 3
# leaks: 2
# kind: unclosed
# owner: http.client.HTTPConnection
# held_by: __main__.API | Api.former[0] | HTTPConnection
"""A new connection takes the place of one that is kept, and open."""

import http.client
import sys
from urllib.parse import urlsplit


class Api:
    def __init__(self, netloc: str) -> None:
        self.netloc = netloc
        self.former = []
        self.connection = None

    def connect(self) -> None:
        if self.connection is not None:
            self.former.append(self.connection)
        self.connection = http.client.HTTPConnection(self.netloc, timeout=5)  # made here

    def load(self) -> bytes:
        self.connection.request("GET", "/")  # opened here
        return self.connection.getresponse().read()  # used here


API = Api(urlsplit(sys.argv[1]).netloc)
for _ in range(3):
    API.connect()
    assert API.load()
API.connection.close()
