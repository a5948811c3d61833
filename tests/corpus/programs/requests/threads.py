# cause: A
# report: kubernetes-client/python #1158
# library: requests
# connections: 2
# leaks: 2
# kind: unclosed
# owner: requests.Session
# thread: ThreadPoolExecutor-0_0 ThreadPoolExecutor-0_1
"""Each thread of a pool has a session of its own, and no thread closes it."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

LOCAL = threading.local()
BARRIER = threading.Barrier(2)


def load(url: str) -> int:
    if not hasattr(LOCAL, "session"):
        LOCAL.session = requests.Session()  # made here
    BARRIER.wait(5)
    return LOCAL.session.get(url, timeout=5).status_code  # opened here


POOL = ThreadPoolExecutor(2)
assert list(POOL.map(load, [sys.argv[1]] * 2)) == [200, 200]
