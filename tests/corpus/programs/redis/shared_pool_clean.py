# connections: 2
# server: redis
# needs: redis
"""Clients around a pool of the program's own, which is closed after them."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")
POOL = redis.ConnectionPool(host=HOST, port=int(PORT))

with redis.Redis(connection_pool=POOL) as client, client.pubsub() as listener:
    client.set("a", 1)
    listener.subscribe("news")
    assert listener.get_message(timeout=5)
    client.set("b", 2)
    other = redis.Redis(connection_pool=POOL)
    with other.pipeline() as pipeline:
        assert pipeline.get("a").get("b").execute() == [b"1", b"2"]
    other.close()
POOL.disconnect()
