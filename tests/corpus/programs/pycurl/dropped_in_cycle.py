# cause: G
# report: urllib3 #3082
# library: pycurl
# needs: pycurl
# connections: 3
# leaks: 3
# kind: orphan
# owner: pycurl.Curl
"""A handle whose callback is a method of the object that holds it: a cycle, dropped."""

import gc
import sys

import pycurl

gc.disable()  # none happens to run in so short a program


class Download:
    """Takes in what its own handle loads."""

    def __init__(self, url: str) -> None:
        self.size = 0
        self.handle = pycurl.Curl()  # made here
        self.handle.setopt(pycurl.URL, url)
        self.handle.setopt(pycurl.WRITEFUNCTION, self.take)

    def take(self, data: bytes) -> None:
        self.size += len(data)

    def run(self) -> int:
        self.handle.perform()  # opened here
        return self.size


for _ in range(3):
    assert Download(sys.argv[1]).run() > 0
