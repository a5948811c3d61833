# connections: 1
"""The session is closed."""

import sys

import requests

SESSION = requests.Session()
SESSION.trust_env = False
SESSION.proxies["http"] = sys.argv[1]
assert SESSION.get("http://shop.invalid/", timeout=5).ok
SESSION.close()
