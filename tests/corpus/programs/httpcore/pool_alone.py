# cause: A
# report: httpcore #830
# library: httpcore
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpcore.ConnectionPool
# held_by: __main__.POOL | ConnectionPool
"""A pool used by itself, and never closed."""

import sys

import httpcore

POOL = httpcore.ConnectionPool()  # made here
for _ in range(2):
    assert POOL.request("GET", sys.argv[1]).status == 200  # opened here
