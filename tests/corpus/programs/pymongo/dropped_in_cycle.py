# cause: G
# report: anthropic-sdk-python #150
# library: pymongo
# connections: 2
# leaks: 2
# kind: orphan
# owner: pymongo.MongoClient
# held_by: a cycle that nothing else reaches | Job.next_step | bound method Job.run() | Job.client | MongoClient
# server: mongo
# needs: pymongo
"""A job that is dropped within a cycle: its client waits for the collector."""

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
        self.client = pymongo.MongoClient(HOST, int(PORT), **OPTIONS)  # made here
        self.next_step = self.run

    def run(self) -> object:
        return self.client.shop.orders.find_one()


def work() -> None:
    job = Job()
    job.next_step()


work()
