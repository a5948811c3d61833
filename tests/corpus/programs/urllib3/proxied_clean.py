# connections: 1
"""It is cleared by its block."""

import sys

import urllib3

MANAGER = urllib3.ProxyManager(sys.argv[1])
with MANAGER:
    reply = MANAGER.request("GET", "http://shop.invalid/")
assert reply.status == 200
