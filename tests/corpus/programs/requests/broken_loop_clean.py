# connections: 2
"""The reply goes with the function that ended early, and its connection with it."""

import sys

import requests

SESSION = requests.Session()


def first(path: str) -> bytes:
    reply = SESSION.get(sys.argv[1] + path, stream=True, timeout=5)
    return next(reply.iter_content(16))


assert first("bytes/1000000")
assert first("bytes/1000000")
