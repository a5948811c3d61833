# cause: H
# report: litellm #35492
# library: httpx
# connections: 2
# leaks: 2
# kind: unclosed
# owner: httpx.Client
# held_by: __main__.Registry.clients['blue'] | Client
"""A cache of clients by tenant that nobody closes."""

import functools
import sys

import httpx


class Registry:
    clients: dict[str, httpx.Client] = {}

    @classmethod
    def client(cls, tenant: str) -> httpx.Client:
        if tenant not in cls.clients:
            cls.clients[tenant] = httpx.Client()  # made here
        return cls.clients[tenant]


@functools.cache
def fetch(tenant: str) -> int:
    return Registry.client(tenant).get(sys.argv[1]).status_code  # opened here


assert [fetch(tenant) for tenant in ("blue", "green", "blue")] == [200, 200, 200]
