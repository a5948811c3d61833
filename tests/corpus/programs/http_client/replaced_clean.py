# connections: 3
"""The former one is closed first."""

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
            self.connection.close()
        self.connection = http.client.HTTPConnection(self.netloc, timeout=5)

    def load(self) -> bytes:
        self.connection.request("GET", "/")
        return self.connection.getresponse().read()


API = Api(urlsplit(sys.argv[1]).netloc)
for _ in range(3):
    API.connect()
    assert API.load()
API.connection.close()
