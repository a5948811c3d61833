# needs: pycurl
# connections: 3
"""The handle is closed before the cycle is dropped."""

import gc
import sys

import pycurl

gc.disable()  # none happens to run in so short a program


class Download:
    """Takes in what its own handle loads."""

    def __init__(self, url: str) -> None:
        self.size = 0
        self.handle = pycurl.Curl()
        self.handle.setopt(pycurl.URL, url)
        self.handle.setopt(pycurl.WRITEFUNCTION, self.take)

    def take(self, data: bytes) -> None:
        self.size += len(data)

    def run(self) -> int:
        self.handle.perform()
        self.handle.close()
        return self.size


for _ in range(3):
    assert Download(sys.argv[1]).run() > 0
