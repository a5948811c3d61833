# cause: A
# report: kubernetes-client/python #1158
# library: http.client
# connections: 2
# leaks: 2
# kind: unclosed
# owner: http.client.HTTPConnection
# held_by: __main__.KEPT[0] | HTTPConnection
"""A connection made for each call, and kept."""

import http.client
import sys
from urllib.parse import urlsplit

KEPT = []


def load(url: str) -> bytes:
    connection = http.client.HTTPConnection(  # made here
        urlsplit(url).netloc, timeout=5
    )
    KEPT.append(connection)
    connection.request("GET", "/")  # opened here
    return connection.getresponse().read()


for _ in range(2):
    assert load(sys.argv[1])
