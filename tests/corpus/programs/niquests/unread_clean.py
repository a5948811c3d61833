# environment: niquests
# connections: 1
"""The reply is a block, and so is the session."""

import sys

import niquests

with niquests.Session() as session:
    with session.get(sys.argv[1] + "bytes/1000000", stream=True, timeout=5) as reply:
        assert reply.status_code == 200
