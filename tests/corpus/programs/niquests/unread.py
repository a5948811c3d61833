# cause: B
# report: docker-py #2766
# environment: niquests
# library: niquests
# connections: 1
# leaks: 1
# kind: unread
# owner: niquests.Session
"""A streamed reply that nobody reads."""

import sys

import niquests

SESSION = niquests.Session()  # made here
REPLY = SESSION.get(  # opened here
    sys.argv[1] + "bytes/1000000", stream=True, timeout=5
)
assert REPLY.status_code == 200
