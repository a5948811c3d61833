# connections: 2
# server: redis
# needs: redis
"""A cache of clients that is emptied at the end."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")


class Tenants:
    """One client for each tenant."""

    clients: dict[str, redis.Redis] = {}

    @classmethod
    def client(cls, tenant: str) -> redis.Redis:
        if tenant not in cls.clients:
            client = redis.Redis(host=HOST, port=int(PORT))
            cls.clients[tenant] = client
        return cls.clients[tenant]


for name in ("a", "b", "a"):
    Tenants.client(name).set("seen", 1)
for one in Tenants.clients.values():
    one.close()
