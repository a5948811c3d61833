# cause: B
# report: aiobotocore #1061
# library: urllib3
# connections: 1
# leaks: 1
# kind: unread
# also: unclosed
# owner: urllib3.PoolManager
# held_by: __main__.REPLY | HTTPResponse._fp | HTTPResponse
"""A loop over a reply's stream that ends early."""

import sys

import urllib3

MANAGER = urllib3.PoolManager()  # made here
REPLY = MANAGER.request(  # opened here
    "GET", sys.argv[1] + "bytes/1000000", preload_content=False
)
for chunk in REPLY.stream(1000):
    break
