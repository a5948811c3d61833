# cause: A
# report: psf/requests #5002
# library: requests
# connections: 2
# leaks: 2
# kind: unclosed
# owner: requests.Session
# host: 127.0.0.1 localhost
# requests: 1 3
# held_by: __main__.SESSION | Session
"""A redirect to another host is a connection more, and a load more."""

import sys

import requests

SESSION = requests.Session()  # made here
assert SESSION.get(sys.argv[1] + "redirect/localhost", timeout=5).history  # opened here
assert SESSION.get(sys.argv[1] + "redirect/127.0.0.1", timeout=5).history
