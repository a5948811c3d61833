# cause: A
# report: anthropic-sdk-python #84
# library: redis
# connections: 3
# leaks: 3
# kind: unclosed
# owner: redis.Redis
# held_by: __main__.SEEN[0] | Redis
# server: redis
# needs: redis
"""A client made for each call, and kept with what it fetched."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")
SEEN = []


def fetch(key: str) -> object:
    client = redis.Redis(host=HOST, port=int(PORT))  # made here
    SEEN.append(client)
    return client.get(key)  # opened here


for name in "abc":
    fetch(name)
