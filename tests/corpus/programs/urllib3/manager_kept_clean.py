# connections: 2
"""One pool manager, cleared when the work is done; urllib3's own is nobody's to clear."""

import sys

import urllib3

manager = urllib3.PoolManager()
for _ in range(2):
    assert manager.request("GET", sys.argv[1]).status == 200
manager.clear()
assert urllib3.request("GET", sys.argv[1]).status == 200
