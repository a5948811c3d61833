# cause: A
# report: psf/requests #5002
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# host: 127.0.0.1
# held_by: __main__.SESSION | Session
"""The connection is the proxy's, whatever host was asked for."""

import sys

import requests

SESSION = requests.Session()  # made here
SESSION.trust_env = False
SESSION.proxies["http"] = sys.argv[1]
assert SESSION.get("http://shop.invalid/", timeout=5).ok  # opened here
