# connections: 1
"""A client and its owner refer to each other, and it is closed."""

import gc
import sys

import httpx

gc.disable()


class Api:
    def __init__(self) -> None:
        hooks = {"response": [self.count]}
        self.replies = 0
        self.client = httpx.Client(event_hooks=hooks)

    def count(self, _: httpx.Response) -> None:
        self.replies += 1


def use(url: str) -> int:
    api = Api()
    with api.client as client:
        client.get(url)
    return api.replies


assert use(sys.argv[1]) == 1
