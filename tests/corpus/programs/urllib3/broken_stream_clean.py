# connections: 1
"""What is left is read away."""

import sys

import urllib3

MANAGER = urllib3.PoolManager()
REPLY = MANAGER.request(
    "GET", sys.argv[1] + "bytes/1000000", preload_content=False
)
for chunk in REPLY.stream(1000):
    break
REPLY.drain_conn()
MANAGER.clear()
