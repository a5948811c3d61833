# environment: niquests
# connections: 1
"""The manager is cleared."""

import sys

import urllib3

MANAGER = urllib3.PoolManager()
assert MANAGER.request("GET", sys.argv[1]).status == 200
assert MANAGER.request("GET", sys.argv[1]).status == 200
MANAGER.clear()
