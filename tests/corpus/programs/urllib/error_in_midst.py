# cause: G
# report: urllib3 #548
# library: http.client
# connections: 1
# leaks: 1
# kind: unread
# owner: http.client.HTTPResponse
# requests: 1
"""An error in the midst of a reply; its traceback keeps the reply."""

import json
import sys
from urllib.request import urlopen

ERRORS = []


def load(path: str) -> object:
    reply = urlopen(sys.argv[1] + path, timeout=5)  # made here
    return json.loads(reply.read(100))


try:
    load("bytes/1000000")
except ValueError as error:
    ERRORS.append(error)
assert ERRORS
