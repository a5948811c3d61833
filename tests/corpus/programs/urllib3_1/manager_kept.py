# cause: A
# report: elasticsearch-py #2349
# environment: urllib3-1
# library: urllib3
# connections: 2
# leaks: 2
# kind: unclosed
# owner: urllib3.PoolManager
# held_by: __main__.MANAGERS[0] | PoolManager
"""A pool manager for each index, and all of them kept."""

import sys

import urllib3

MANAGERS = []
for _ in range(2):
    manager = urllib3.PoolManager()  # made here
    MANAGERS.append(manager)
    assert manager.request("GET", sys.argv[1]).status == 200  # opened here
del manager
