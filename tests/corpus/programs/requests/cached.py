# cause: H
# report: litellm #15832
# library: requests
# connections: 3
# leaks: 3
# kind: unclosed
# owner: requests.Session
"""A cache evicts clients without closing them, and a list of users keeps them."""

import sys
from collections import OrderedDict

import requests

CACHE: OrderedDict[str, requests.Session] = OrderedDict()
USERS = []


def client(key: str) -> requests.Session:
    if key not in CACHE:
        CACHE[key] = requests.Session()  # made here
        if len(CACHE) > 2:
            CACHE.popitem(last=False)
    return CACHE[key]


for key in ("eu", "us", "asia"):
    session = client(key)
    USERS.append(session.get)
    session.get(sys.argv[1], timeout=5)  # opened here
del session
