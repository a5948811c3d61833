# cause: H
# report: litellm #15832
# library: pymongo
# connections: 4
# leaks: 4
# kind: unclosed
# owner: pymongo.MongoClient
# held_by: __main__.TENANTS | Tenants.clients['a'] | MongoClient
# server: mongo
# needs: pymongo
"""A cache of clients that is never emptied."""

import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}


class Tenants:
    """One client for each tenant."""

    def __init__(self) -> None:
        self.clients = {}

    def client(self, tenant: str) -> pymongo.MongoClient:
        if tenant not in self.clients:
            client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)  # made here
            self.clients[tenant] = client
        return self.clients[tenant]


TENANTS = Tenants()
for name in ("a", "b", "a"):
    assert TENANTS.client(name).admin.command("ping")["ok"] == 1
