# connections: 1
"""A pool used by itself, in a block."""

import sys

import httpcore

with httpcore.ConnectionPool() as pool:
    for _ in range(2):
        assert pool.request("GET", sys.argv[1]).status == 200
