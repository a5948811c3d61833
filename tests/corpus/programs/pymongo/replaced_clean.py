# connections: 4
# server: mongo
# needs: pymongo
"""A client that is closed before the next one takes its place."""

import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}
INDEXES = []


class Store:
    """Connects again when the addresses of its servers have changed."""

    def __init__(self) -> None:
        self.client = None

    def reconnect(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)
        assert self.client.shop.orders.find_one() == {"_id": 0}
        INDEXES.append(self.client.shop.orders)


store = Store()
for _ in range(2):
    store.reconnect()
store.client.close()
