# cause: F
# report: urllib3 #2100
# library: urllib3
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: urllib3.PoolManager
# held_by: __main__.MANAGER | PoolManager
"""The server closes an idle connection of the pool."""

import select
import sys

import urllib3

MANAGER = urllib3.PoolManager()  # made here
MANAGER.request("GET", sys.argv[1] + "close")  # opened here
connection = MANAGER.connection_from_url(sys.argv[1]).pool.queue[-1]
assert select.select([connection.sock], [], [], 5)[0]
del connection
