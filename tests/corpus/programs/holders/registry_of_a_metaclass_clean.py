# connections: 1
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
        self.client = httpx.Client()

    def load(self, url: str) -> int:
        return self.client.get(url).status_code


assert Api().load(sys.argv[1]) == 200
Api().client.close()
