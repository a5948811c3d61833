# cause: A
# report: anthropic-sdk-python #84
# library: pymongo
# connections: 4
# leaks: 4
# kind: unclosed
# owner: pymongo.MongoClient
# held_by: __main__.SEEN[0] | MongoClient
# server: mongo
# needs: pymongo
"""A client made for each call, and kept."""

import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}
SEEN = []


def count() -> int:
    client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)  # made here
    SEEN.append(client)
    return len(list(client.shop.orders.find()))


for _ in range(2):
    assert count() == 3
