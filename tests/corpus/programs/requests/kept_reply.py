# cause: C
# report: psf/requests #6573
# library: requests
# connections: 3
# leaks: 3
# kind: orphan
# owner: requests.Session
# held_by: __main__.REPLIES[0] | Response.raw … | HTTPResponse
"""Sessions are closed, but the replies that are kept keep their pools."""

import sys

import requests

REPLIES = []
for _ in range(3):
    with requests.Session() as session:  # made here
        REPLIES.append(session.get(sys.argv[1], timeout=5))  # opened here
assert all(reply.ok for reply in REPLIES)
