# cause: A
# report: langchain #38610
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# requests: 2
# held_by: __main__.LOCAL.session of one thread | Session
"""A session for each thread, here of the main one."""

import sys
import threading

import requests

LOCAL = threading.local()


def load() -> int:
    if not hasattr(LOCAL, "session"):
        LOCAL.session = requests.Session()  # made here
    return LOCAL.session.get(sys.argv[1], timeout=5).status_code  # opened here


assert [load(), load()] == [200, 200]
