# connections: 2
"""The work of a thread is a block."""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests


def load(url: str) -> int:
    with requests.Session() as session:
        return session.get(url, timeout=5).status_code


with ThreadPoolExecutor(2) as pool:
    assert list(pool.map(load, [sys.argv[1]] * 2)) == [200, 200]
