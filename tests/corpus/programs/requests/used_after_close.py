# cause: C
# report: discord.py #142
# library: requests
# connections: 2
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.SESSION | Session
"""A closed session opens again when it is used again."""

import sys

import requests

SESSION = requests.Session()  # made here
with SESSION:
    assert SESSION.get(sys.argv[1], timeout=5).ok
assert SESSION.get(sys.argv[1], timeout=5).ok  # opened here
