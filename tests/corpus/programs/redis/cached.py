# cause: H
# report: litellm #15832
# library: redis
# connections: 2
# leaks: 2
# kind: unclosed
# owner: redis.Redis
# held_by: __main__.Tenants.clients['a'] | Redis
# server: redis
# needs: redis
"""A cache of clients that is never emptied."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")


class Tenants:
    """One client for each tenant."""

    clients: dict[str, redis.Redis] = {}

    @classmethod
    def client(cls, tenant: str) -> redis.Redis:
        if tenant not in cls.clients:
            client = redis.Redis(host=HOST, port=int(PORT))  # made here
            cls.clients[tenant] = client
        return cls.clients[tenant]


for name in ("a", "b", "a"):
    Tenants.client(name).set("seen", 1)  # opened here
