# connections: 1
"""The thread closes it."""

import sys
import threading

import requests

LOCAL = threading.local()


def load() -> int:
    if not hasattr(LOCAL, "session"):
        LOCAL.session = requests.Session()
    return LOCAL.session.get(sys.argv[1], timeout=5).status_code


assert [load(), load()] == [200, 200]
LOCAL.session.close()
