# connections: 1
"""The adapter is closed when the program ends."""

import atexit
import sys

import requests
from requests.adapters import HTTPAdapter

ADAPTER = HTTPAdapter(max_retries=1)
atexit.register(ADAPTER.close)


def load(url: str) -> int:
    session = requests.Session()
    session.mount("http://", ADAPTER)
    return session.get(url, timeout=5).status_code


assert [load(sys.argv[1]) for _ in range(2)] == [200, 200]
