# cause: E
# report: pygqlc #75
# library: pymongo
# connections: 4
# leaks: 2
# kind: unclosed
# owner: pymongo.MongoClient
# held_by: __main__.INDEXES[0] | Collection.database … | MongoClient
# server: mongo
# needs: pymongo
"""A client that is overwritten by the next one, while a collection holds it."""

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
        self.client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)  # made here
        assert self.client.shop.orders.find_one() == {"_id": 0}
        INDEXES.append(self.client.shop.orders)


store = Store()
for _ in range(2):
    store.reconnect()
store.client.close()
