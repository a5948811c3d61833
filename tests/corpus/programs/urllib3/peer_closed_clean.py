# connections: 1
"""The pool manager is a block."""

import sys

import urllib3

with urllib3.PoolManager() as manager:
    manager.request("GET", sys.argv[1] + "close")
