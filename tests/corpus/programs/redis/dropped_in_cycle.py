# cause: G
# report: paho-mqtt #627
# library: redis
# connections: 2
# leaks: 2
# kind: orphan
# owner: redis.Redis
# held_by: a cycle that nothing else reaches | Worker.handlers['job'] | bound method Worker.handle() | Worker.client | Redis
# server: redis
# needs: redis
"""A worker that is dropped within a cycle: its client waits for the collector."""

import gc
import sys

import redis

HOST, PORT = sys.argv[2].split(":")
gc.disable()  # as in a program that collects between requests only


class Worker:
    """Refers to itself by the callback that it keeps."""

    def __init__(self) -> None:
        self.client = redis.Redis(host=HOST, port=int(PORT))  # made here
        self.handlers = {"job": self.handle}

    def handle(self, job: str) -> object:
        return self.client.get(job)  # opened here


def work(job: str) -> None:
    worker = Worker()
    worker.handlers["job"](job)


for name in "ab":
    work(name)
