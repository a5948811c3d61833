# connections: 3
"""Only what is needed of a reply is kept."""

import sys

import requests

TEXTS = []
for _ in range(3):
    with requests.Session() as session:
        TEXTS.append(session.get(sys.argv[1], timeout=5).text)
assert all(TEXTS)
