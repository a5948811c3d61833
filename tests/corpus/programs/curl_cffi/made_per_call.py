# cause: A
# report: curl_cffi #609
# library: curl_cffi
# needs: curl_cffi
# connections: 3
# leaks: 3
# kind: unclosed
# owner: curl_cffi.Session
# held_by: __main__.KEPT[0] | Session
"""A session made for each call, and kept in a list."""

import sys

from curl_cffi import requests

KEPT = []


def fetch(url: str) -> int:
    session = requests.Session()  # made here
    KEPT.append(session)
    return session.get(url, timeout=5).status_code  # opened here


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
