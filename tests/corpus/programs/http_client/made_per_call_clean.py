# connections: 2
"""Each is closed, though all are kept."""

import http.client
import sys
from urllib.parse import urlsplit

KEPT = []


def load(url: str) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    KEPT.append(connection)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


for _ in range(2):
    assert load(sys.argv[1])
