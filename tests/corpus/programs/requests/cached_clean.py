# connections: 3
"""What is evicted is closed, and the rest in the end."""

import sys
from collections import OrderedDict

import requests

CACHE: OrderedDict[str, requests.Session] = OrderedDict()


def client(key: str) -> requests.Session:
    if key not in CACHE:
        CACHE[key] = requests.Session()
        if len(CACHE) > 2:
            CACHE.popitem(last=False)[1].close()
    return CACHE[key]


for key in ("eu", "us", "asia"):
    client(key).get(sys.argv[1], timeout=5)
for session in CACHE.values():
    session.close()
