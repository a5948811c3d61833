# connections: 1
"""The reply is a block of its own, whatever ends it."""

import sys

import requests

with requests.get(sys.argv[1] + "bytes/2000000", stream=True, timeout=5) as reply:
    for chunk in reply.iter_content(1024):
        break
