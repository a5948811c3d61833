# cause: E
# report: pygqlc #75
# library: redis
# connections: 3
# leaks: 2
# kind: unclosed
# owner: redis.Redis
# held_by: __main__.HEALTH_CHECKS[0] | bound method ManagementCommands.ping() | Redis
# server: redis
# needs: redis
"""A client that is overwritten by the next one, while a list of checks knows it."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")
HEALTH_CHECKS = []


class Cache:
    """Reconnects when its server has moved."""

    def __init__(self) -> None:
        self.client = None

    def reconnect(self) -> None:
        self.client = redis.Redis(host=HOST, port=int(PORT))  # made here
        HEALTH_CHECKS.append(self.client.ping)
        self.client.set("up", 1)  # opened here


cache = Cache()
for _ in range(3):
    cache.reconnect()
cache.client.close()
