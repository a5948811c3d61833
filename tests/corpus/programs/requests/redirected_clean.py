# connections: 2
"""Both are the session's to close."""

import sys

import requests

SESSION = requests.Session()
assert SESSION.get(sys.argv[1] + "redirect/localhost", timeout=5).history
assert SESSION.get(sys.argv[1] + "redirect/127.0.0.1", timeout=5).history
SESSION.close()
