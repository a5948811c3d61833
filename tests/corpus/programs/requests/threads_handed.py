# cause: A
# report: kubernetes-client/python #1158
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.SESSION | Session
"""A worker's stack has no line of the user's: the one that handed the call over has."""

import sys
from concurrent.futures import ThreadPoolExecutor

import requests

SESSION = requests.Session()  # made here
with ThreadPoolExecutor(1) as pool:
    done = pool.submit(SESSION.get, sys.argv[1], timeout=5)  # opened here
    assert done.result(5).status_code == 200
