# connections: 2
"""A new token is a new client, and the former one is closed."""

import gc
import sys

import httpx

gc.disable()


class Api:
    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client()

    def refresh(self, token: str) -> None:
        self.client.close()
        self.client = httpx.Client(headers={"authorization": token})

    def fetch(self) -> int:
        return self.client.get(self.url).status_code


API = Api(sys.argv[1])
assert API.fetch() == 200
API.refresh("new")
assert API.fetch() == 200
API.client.close()
