# connections: 3
# server: redis
# needs: redis
"""A client that is closed before the next one takes its place."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")
HEALTH_CHECKS = []


class Cache:
    """Reconnects when its server has moved."""

    def __init__(self) -> None:
        self.client = None

    def reconnect(self) -> None:
        if self.client is not None:
            HEALTH_CHECKS.clear()
            self.client.close()
        self.client = redis.Redis(host=HOST, port=int(PORT))
        HEALTH_CHECKS.append(self.client.ping)
        self.client.set("up", 1)


cache = Cache()
for _ in range(3):
    cache.reconnect()
cache.client.close()
