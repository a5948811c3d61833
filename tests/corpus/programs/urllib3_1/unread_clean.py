# environment: urllib3-1
# connections: 1
"""A streamed reply is closed on every path."""

import sys

import requests

REPLIES = []


def download(session: requests.Session, path: str) -> bytes | None:
    with session.get(sys.argv[1] + path, stream=True, timeout=5) as reply:
        if reply.status_code != 200:
            REPLIES.append(reply)
            return None
        return reply.content


with requests.Session() as session:
    download(session, "bytes/1000")
    download(session, "status/500")
