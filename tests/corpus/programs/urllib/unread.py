# cause: B
# report: cpython #79139
# library: http.client
# connections: 1
# leaks: 1
# kind: unread
# owner: http.client.HTTPResponse
# held_by: __main__.REPLY | HTTPResponse
"""A reply of `urlopen` that nobody reads or closes."""

import sys
from urllib.request import urlopen

REPLY = urlopen(sys.argv[1] + "bytes/1000000", timeout=5)  # made here
assert REPLY.status == 200
