# connections: 3
# server: redis
# needs: redis
"""A client made for each call, in a block."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")


def fetch(key: str) -> object:
    with redis.Redis(host=HOST, port=int(PORT)) as client:
        return client.get(key)


for name in "abc":
    fetch(name)
