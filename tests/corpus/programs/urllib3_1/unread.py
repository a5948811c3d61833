# cause: B
# report: docker-py #2766
# environment: urllib3-1
# library: requests
# connections: 2
# leaks: 1
# kind: unread
# owner: requests.Session
# held_by: __main__.REPLIES[0] | Response.raw … | HTTPResponse
"""A streamed reply whose error status is looked at, and nothing else."""

import sys

import requests

SESSION = requests.Session()  # made here
REPLIES = []


def download(path: str) -> bytes | None:
    reply = SESSION.get(sys.argv[1] + path, stream=True, timeout=5)  # opened here
    if reply.status_code != 200:
        REPLIES.append(reply)
        return None
    return reply.content


download("bytes/1000")
download("status/500")
other = requests.Session()
other.get(sys.argv[1], timeout=5)
other.close()
SESSION.headers["X-Done"] = "yes"
