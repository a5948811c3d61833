# cause: A
# report: psf/requests #5002
# environment: niquests
# library: niquests
# connections: 2
# leaks: 2
# kind: unclosed
# owner: niquests.Session
# held_by: __main__.KEPT[0] | Session
"""A session made for each call, and kept."""

import sys

import niquests

KEPT = []


def load(url: str) -> int:
    session = niquests.Session()  # made here
    KEPT.append(session)
    return session.get(url, timeout=5).status_code  # opened here


for _ in range(2):
    assert load(sys.argv[1]) == 200
