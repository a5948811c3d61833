# cause: B
# report: aiohttp #5833
# library: requests
# connections: 2
# leaks: 1
# kind: unread
# also: unclosed
# owner: requests.Session
# held_by: __main__.reply | Response.raw … | HTTPResponse
"""A loop over a streamed reply that ends early, and a name that stays."""

import sys

import requests

SESSION = requests.Session()  # made here


def first(path: str) -> bytes:
    reply = SESSION.get(sys.argv[1] + path, stream=True, timeout=5)
    return next(reply.iter_content(16))


assert first("bytes/1000000")
reply = SESSION.get(sys.argv[1] + "bytes/1000000", stream=True, timeout=5)  # opened here
for chunk in reply.iter_content(16):
    break
