# environment: niquests
# connections: 2
"""A session made for each call, in a block."""

import sys

import niquests


def load(url: str) -> int:
    with niquests.Session() as session:
        return session.get(url, timeout=5).status_code


for _ in range(2):
    assert load(sys.argv[1]) == 200
