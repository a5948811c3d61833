# cause: H
# report: elasticsearch-py #2349
# library: httpx
# connections: 1
# leaks: 1
# kind: unclosed
# owner: httpx.Client
# held_by: __main__.Singleton.instances[Api] | Api.client | Client
"""Singletons: a metaclass remembers one object of each class."""

import sys

import httpx


class Singleton(type):
    instances: dict[type, object] = {}

    def __call__(cls) -> object:
        if cls not in cls.instances:
            cls.instances[cls] = super().__call__()
        return cls.instances[cls]


class Api(metaclass=Singleton):
    def __init__(self) -> None:
        self.client = httpx.Client()  # made here

    def load(self, url: str) -> int:
        return self.client.get(url).status_code  # opened here


assert Api().load(sys.argv[1]) == 200
