# connections: 4
# server: mongo
# needs: pymongo
"""A cache of clients that is emptied at the end."""

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
            client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)
            self.clients[tenant] = client
        return self.clients[tenant]


TENANTS = Tenants()
for name in ("a", "b", "a"):
    assert TENANTS.client(name).admin.command("ping")["ok"] == 1
for client in TENANTS.clients.values():
    client.close()
