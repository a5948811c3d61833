# connections: 4
# server: mongo
# needs: pymongo
"""A client made for each call, in a block."""

import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}


def count() -> int:
    with pymongo.MongoClient(HOST, int(PORT), **OPTIONS) as client:
        return len(list(client.shop.orders.find()))


for _ in range(2):
    assert count() == 3
