# connections: 2
"""What is kept is the data."""

import sys

import urllib3

REPLIES = []
for _ in range(2):
    with urllib3.PoolManager() as manager:
        REPLIES.append(manager.request("GET", sys.argv[1]).data)
assert all(REPLIES)
