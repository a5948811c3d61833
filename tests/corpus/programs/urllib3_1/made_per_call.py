# cause: A
# report: psf/requests #5002
# environment: urllib3-1
# library: requests
# connections: 3
# leaks: 3
# kind: unclosed
# owner: requests.Session
# held_by: __main__.KEPT[0] | Session
"""A session made for each call, and kept in a list."""

import sys

import requests

KEPT = []


def fetch(url: str) -> int:
    session = requests.Session()  # made here
    KEPT.append(session)
    return session.get(url, timeout=5).status_code  # opened here


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
