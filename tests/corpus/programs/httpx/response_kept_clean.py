# connections: 1
"""The reply is kept, and the client was closed."""

import sys

import httpx

REPLIES = []


def fetch(url: str) -> None:
    with httpx.Client() as client:
        REPLIES.append(client.get(url))


fetch(sys.argv[1])
