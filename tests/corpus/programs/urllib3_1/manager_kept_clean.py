# environment: urllib3-1
# connections: 1
"""One pool manager, cleared when the work is done."""

import sys

import urllib3

manager = urllib3.PoolManager()
for _ in range(2):
    assert manager.request("GET", sys.argv[1]).status == 200
manager.clear()
