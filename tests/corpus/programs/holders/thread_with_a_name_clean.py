# cause: A
# report: localharness #154
# library: requests
# connections: 1
# needs: requests
"""A thread of the user's class that closes what it made when its work ends."""

import sys
import threading

import requests

URL = sys.argv[1]
loaded = threading.Event()


class Worker(threading.Thread):
    """Loads once, waits for the end of work, and closes."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self.session = requests.Session()
        self.work = threading.Event()

    def run(self) -> None:
        self.session.get(URL)
        loaded.set()
        self.work.wait()
        self.session.close()


WORKER = Worker()
WORKER.start()
assert loaded.wait(10)
WORKER.work.set()
WORKER.join()
