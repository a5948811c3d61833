# cause: E
# report: litellm #24230
# library: requests
# connections: 3
# leaks: 2
# kind: unclosed
# owner: requests.adapters.HTTPAdapter
# held_by: __main__.ADAPTERS[0] | HTTPAdapter
"""An adapter is mounted over another; closing the session closes the last one only."""

import sys

import requests
from requests.adapters import HTTPAdapter

SESSION = requests.Session()
ADAPTERS = []
for retries in range(3):
    ADAPTERS.append(HTTPAdapter(max_retries=retries))  # made here
    SESSION.mount("http://", ADAPTERS[-1])
    assert SESSION.get(sys.argv[1], timeout=5).ok  # opened here
SESSION.close()
