# connections: 3
"""Each is closed when another takes its place."""

import sys

import requests
from requests.adapters import HTTPAdapter

SESSION = requests.Session()
ADAPTERS = []
for retries in range(3):
    ADAPTERS.append(HTTPAdapter(max_retries=retries))
    SESSION.mount("http://", ADAPTERS[-1])
    assert SESSION.get(sys.argv[1], timeout=5).ok
    ADAPTERS[-1].close()
SESSION.close()
