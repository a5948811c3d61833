# connections: 2
"""A cache of clients by tenant, all of them closed at the end."""

import contextlib
import sys

import httpx


class Registry:
    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.stack = stack
        self.clients: dict[str, httpx.Client] = {}

    def client(self, tenant: str) -> httpx.Client:
        if tenant not in self.clients:
            self.clients[tenant] = self.stack.enter_context(httpx.Client())
        return self.clients[tenant]


with contextlib.ExitStack() as stack:
    REGISTRY = Registry(stack)
    for name in ("blue", "green", "blue"):
        assert REGISTRY.client(name).get(sys.argv[1]).status_code == 200
