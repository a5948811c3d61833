# cause: H
# report: litellm #15832
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.CACHE['eu'] | Billing.client | Session
"""A cache of the program's own objects, each with a session."""

import sys

import requests


class Billing:
    def __init__(self) -> None:
        self.client = requests.Session()  # made here

    def load(self) -> int:
        return self.client.get(sys.argv[1], timeout=5).status_code  # opened here


CACHE: dict[str, Billing] = {}


def billing(region: str) -> Billing:
    if region not in CACHE:
        CACHE[region] = Billing()
    return CACHE[region]


assert billing("eu").load() == billing("eu").load() == 200
