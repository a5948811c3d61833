# connections: 1
"""The response is closed, and the socket with it."""

import http.client
import sys
from urllib.parse import urlsplit


def load(netloc: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(netloc, timeout=5)
    connection.request("GET", "/bytes/1000000")
    return connection.getresponse()


REPLY = load(urlsplit(sys.argv[1]).netloc)
assert REPLY.status == 200
REPLY.close()
