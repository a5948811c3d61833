# cause: C
# report: psf/requests #6573
# library: urllib3
# connections: 2
# leaks: 2
# kind: orphan
# owner: urllib3.PoolManager
# held_by: __main__.REPLIES[0] | HTTPResponse._fp | HTTPResponse
"""Managers are cleared, but the replies that are kept keep their pools."""

import sys

import urllib3

REPLIES = []
for _ in range(2):
    with urllib3.PoolManager() as manager:  # made here
        REPLIES.append(manager.request("GET", sys.argv[1]))  # opened here
assert all(reply.status == 200 for reply in REPLIES)
