# cause: B
# report: mistralai/client-python #532
# library: httpx
# connections: 2
# leaks: 2
# kind: unread
# owner: httpx.Client
# also: unclosed
"""A streamed reply of an error status is dropped: its slot of the pool is lost."""

import sys

import httpx

CLIENT = httpx.Client()  # made here


def fetch(url: str) -> bytes | None:
    reply = CLIENT.send(CLIENT.build_request("GET", url), stream=True)  # opened here
    if reply.status_code != 200:
        return None
    return reply.read()


for _ in range(2):
    assert fetch(f"{sys.argv[1]}status/500") is None
