# cause: C
# report: discord.py #142
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.adapters.HTTPAdapter
# requests: 2
# held_by: __main__.ADAPTER | HTTPAdapter
"""Sessions for a moment around one adapter, which is what nobody closes."""

import sys

import requests
from requests.adapters import HTTPAdapter

ADAPTER = HTTPAdapter(max_retries=1)  # made here


def load(url: str) -> int:
    session = requests.Session()
    session.mount("http://", ADAPTER)
    return session.get(url, timeout=5).status_code  # opened here


assert [load(sys.argv[1]) for _ in range(2)] == [200, 200]
