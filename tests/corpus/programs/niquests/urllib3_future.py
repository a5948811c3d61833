# cause: A
# report: elasticsearch-py #2349
# environment: niquests
# library: urllib3
# connections: 1
# leaks: 1
# kind: unclosed
# owner: urllib3.PoolManager
# requests: 2
# held_by: __main__.MANAGER | PoolManager
"""urllib3-future by itself, under the name that it took."""

import sys

import urllib3

MANAGER = urllib3.PoolManager()  # made here
assert MANAGER.request("GET", sys.argv[1]).status == 200  # opened here
assert MANAGER.request("GET", sys.argv[1]).status == 200  # used here
