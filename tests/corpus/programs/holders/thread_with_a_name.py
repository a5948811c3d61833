# cause: A
# report: localharness #154
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# thread: worker
# held_by: __main__.WORKER | Worker.session | Session
# needs: requests
"""A thread of the user's class, which a variable names: that name is what one knows."""

import sys
import threading

import requests

URL = sys.argv[1]
loaded = threading.Event()


class Worker(threading.Thread):
    """Loads once, then waits for work that never comes."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self.session = requests.Session()  # made here
        self.work = threading.Event()

    def run(self) -> None:
        self.session.get(URL)  # opened here
        loaded.set()
        self.work.wait()


WORKER = Worker()
WORKER.start()
assert loaded.wait(10)
