# connections: 2
"""It is closed again, when the program ends."""

import atexit
import sys

import requests

SESSION = requests.Session()
with SESSION:
    assert SESSION.get(sys.argv[1], timeout=5).ok
assert SESSION.get(sys.argv[1], timeout=5).ok
atexit.register(SESSION.close)
