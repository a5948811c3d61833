# connections: 2
# server: mongo
# needs: pymongo
"""A job in a cycle that closes its client before it is dropped."""

import gc
import sys

import pymongo

HOST, PORT = sys.argv[2].split(":")
# Polling: a client then has two connections, its watcher's and one that works.
OPTIONS = {"serverMonitoringMode": "poll"}
gc.disable()  # as in a program that collects between requests only


class Job:
    """Refers to itself by the step that it takes next."""

    def __init__(self) -> None:
        self.client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)
        self.next_step = self.run

    def run(self) -> object:
        return self.client.shop.orders.find_one()


def work() -> None:
    job = Job()
    job.next_step()
    job.client.close()


work()
