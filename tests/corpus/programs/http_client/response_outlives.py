# cause: C
# report: cpython #79139
# library: http.client
# connections: 1
# leaks: 1
# kind: unread
# also: orphan
# owner: http.client.HTTPConnection
# held_by: __main__.REPLY | HTTPResponse
"""The connection is forgotten; the response alone keeps its socket."""

import http.client
import sys
from urllib.parse import urlsplit


def load(netloc: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(netloc, timeout=5)  # made here
    connection.request("GET", "/bytes/1000000")  # opened here
    return connection.getresponse()  # used here


REPLY = load(urlsplit(sys.argv[1]).netloc)
assert REPLY.status == 200
