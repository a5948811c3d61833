# environment: urllib3-1
# connections: 3
"""A session made for each call, in a block."""

import sys

import requests


def fetch(url: str) -> int:
    with requests.Session() as session:
        return session.get(url, timeout=5).status_code


for _ in range(3):
    assert fetch(sys.argv[1]) == 200
