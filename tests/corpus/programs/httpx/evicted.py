# cause: H
# report: litellm #15832
# library: httpx
# connections: 3
# leaks: 2
# kind: orphan
# owner: httpx.Client
"""A cache of clients that evicts without closing."""

import gc
import sys
from collections import OrderedDict

import httpx

gc.disable()


class ClientCache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.clients: OrderedDict[str, httpx.Client] = OrderedDict()

    def client(self, tenant: str) -> httpx.Client:
        if tenant not in self.clients:
            self.clients[tenant] = httpx.Client(headers={"tenant": tenant})  # made here
        while len(self.clients) > self.size:
            self.clients.popitem(last=False)
        return self.clients[tenant]


CACHE = ClientCache(size=1)
for name in ("blue", "green", "red"):
    assert CACHE.client(name).get(sys.argv[1]).status_code == 200  # opened here
CACHE.client("red").close()
