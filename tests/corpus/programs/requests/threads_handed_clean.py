# connections: 1
"""The session is a block around the pool."""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests

with requests.Session() as session, ThreadPoolExecutor(1) as pool:
    done = pool.submit(session.get, sys.argv[1], timeout=5)
    assert done.result(5).status_code == 200
