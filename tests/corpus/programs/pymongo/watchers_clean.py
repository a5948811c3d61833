# connections: 3
# server: mongo
# needs: pymongo
"""A client of a module that is closed at the end."""

import os
import sys
import threading
import time

import pymongo

HOST, PORT = sys.argv[2].split(":")


def wait_for_sockets(count: int) -> None:
    """Return once the client has so many, for its watchers connect by themselves."""
    until = time.monotonic() + 20
    while True:
        links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        targets = [os.readlink(link) for link in links if os.path.islink(link)]
        if sum(target.startswith("socket:") for target in targets) >= count:
            return
        assert time.monotonic() < until, targets
        threading.Event().wait(0.01)


CLIENT = pymongo.MongoClient(HOST, int(PORT))
assert CLIENT.shop.orders.find_one() == {"_id": 0}
wait_for_sockets(3)
CLIENT.close()
