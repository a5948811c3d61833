# connections: 1
"""A cache of the program's own objects, each with a session."""

import sys

import requests


class Billing:
    def __init__(self) -> None:
        self.client = requests.Session()

    def load(self) -> int:
        return self.client.get(sys.argv[1], timeout=5).status_code


CACHE: dict[str, Billing] = {}


def billing(region: str) -> Billing:
    if region not in CACHE:
        CACHE[region] = Billing()
    return CACHE[region]


assert billing("eu").load() == billing("eu").load() == 200
for one in CACHE.values():
    one.client.close()
