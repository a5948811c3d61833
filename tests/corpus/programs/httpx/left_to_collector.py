# cause: G
# report: anthropic-sdk-python #150
# library: httpx
# connections: 1
# leaks: 1
# kind: orphan
# owner: httpx.Client
"""A client and its owner refer to each other, by a hook that is a bound method."""

import gc
import sys

import httpx

gc.disable()


class Api:
    def __init__(self) -> None:
        hooks = {"response": [self.count]}
        self.replies = 0
        self.client = httpx.Client(event_hooks=hooks)  # made here

    def count(self, _: httpx.Response) -> None:
        self.replies += 1


def use(url: str) -> int:
    api = Api()
    api.client.get(url)  # opened here
    return api.replies


assert use(sys.argv[1]) == 1
