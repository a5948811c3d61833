# cause: B
# report: docker-py #2766
# library: http.client
# connections: 1
# leaks: 1
# kind: unread
# also: unclosed
# owner: http.client.HTTPConnection
# requests: 1
# held_by: __main__.REPLY | HTTPResponse
"""A response of which only the beginning is read."""

import http.client
import sys
from urllib.parse import urlsplit

CONNECTION = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=5)  # made here
CONNECTION.request("GET", "/bytes/1000000")  # opened here
REPLY = CONNECTION.getresponse()  # used here
assert REPLY.read(10)
