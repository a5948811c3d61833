# cause: B
# report: openai-python #763
# library: requests
# connections: 2
# leaks: 2
# kind: unread
# also: unclosed
# owner: requests.Session
# held_by: __main__.ERRORS[0] | HTTPError.response … | HTTPResponse
"""`raise_for_status` of a streamed reply; the errors are collected with it."""

import sys

import requests

SESSION = requests.Session()  # made here
ERRORS = []
for _ in range(2):
    reply = SESSION.get(sys.argv[1] + "status/500", stream=True, timeout=5)  # opened here
    try:
        reply.raise_for_status()
    except requests.HTTPError as error:
        ERRORS.append(error)
assert len(ERRORS) == 2
