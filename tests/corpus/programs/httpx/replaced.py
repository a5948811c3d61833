# cause: E
# report: litellm #24230
# library: httpx
# connections: 2
# leaks: 1
# kind: orphan
# owner: httpx.Client
"""A new token is a new client, and the former one is forgotten."""

import gc
import sys

import httpx

gc.disable()


class Api:
    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client()  # made here

    def refresh(self, token: str) -> None:
        self.client = httpx.Client(headers={"authorization": token})

    def fetch(self) -> int:
        return self.client.get(self.url).status_code  # opened here


API = Api(sys.argv[1])
assert API.fetch() == 200
API.refresh("new")
assert API.fetch() == 200
API.client.close()
