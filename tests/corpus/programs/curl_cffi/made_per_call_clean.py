# needs: curl_cffi
# connections: 4
"""A session made for each call, in a block, and a function that needs none."""

import sys

from curl_cffi import requests


def fetch(url: str) -> int:
    with requests.Session() as session:
        return session.get(url, timeout=5).status_code


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
assert requests.get(sys.argv[1], timeout=5).status_code == 200
