# cause: A
# report: psf/requests #5002, of httpx
# library: httpx
# connections: 1
# leaks: 1
# kind: orphan
# owner: httpx.Client
# held_by: __main__.REPLIES[0] | Response
"""The client is gone, and the reply that a global keeps has its socket."""

import sys

import httpx

REPLIES = []


def fetch(url: str) -> None:
    client = httpx.Client()  # made here
    REPLIES.append(client.get(url))  # opened here


fetch(sys.argv[1])
