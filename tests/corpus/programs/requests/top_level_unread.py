# cause: B
# report: openai-python #763
# library: requests
# connections: 1
# leaks: 1
# kind: unread
# owner: requests.Session
# held_by: __main__.REPLY | Response.raw … | HTTPResponse
"""`requests.get` closes its session; a streamed reply is not read with it."""

import sys

import requests

REPLY = requests.get(sys.argv[1] + "bytes/2000000", stream=True, timeout=5)  # made here
for chunk in REPLY.iter_content(1024):
    break
