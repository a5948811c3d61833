# cause: C
# report: azure-identity #36959
# library: redis
# connections: 2
# leaks: 2
# kind: unclosed
# owner: redis.ConnectionPool
# held_by: __main__.POOL | ConnectionPool
# server: redis
# needs: redis
"""Clients around a pool of the program's own: closing them does not close it."""

import sys

import redis

HOST, PORT = sys.argv[2].split(":")
POOL = redis.ConnectionPool(host=HOST, port=int(PORT))  # made here

with redis.Redis(connection_pool=POOL) as client, client.pubsub() as listener:
    client.set("a", 1)
    listener.subscribe("news")
    assert listener.get_message(timeout=5)
    client.set("b", 2)
    other = redis.Redis(connection_pool=POOL)
    with other.pipeline() as pipeline:
        assert pipeline.get("a").get("b").execute() == [b"1", b"2"]
    # Taken back connected: the listener's own close would disconnect it.
    POOL.release(listener.connection)
    listener.connection = None
    other.close()
