# connections: 2
# server: redis
# needs: redis
"""A worker in a cycle that is closed before it is dropped."""

import gc
import sys

import redis

HOST, PORT = sys.argv[2].split(":")
gc.disable()  # as in a program that collects between requests only


class Worker:
    """Refers to itself by the callback that it keeps."""

    def __init__(self) -> None:
        self.client = redis.Redis(host=HOST, port=int(PORT))
        self.handlers = {"job": self.handle}

    def handle(self, job: str) -> object:
        return self.client.get(job)

    def close(self) -> None:
        self.client.close()


def work(job: str) -> None:
    worker = Worker()
    worker.handlers["job"](job)
    worker.close()


for name in "ab":
    work(name)
