# connections: 1
"""The reader lets go of the reply when it is done."""

import gc
import sys

import requests

gc.disable()
SESSION = requests.Session()


class Reader:
    def __init__(self, reply: requests.Response) -> None:
        self.reply = reply
        self.reply.reader = self.line

    def line(self) -> bytes:
        return next(self.reply.iter_content(16))


def load() -> None:
    reply = SESSION.get(sys.argv[1] + "bytes/1000000", stream=True, timeout=5)
    Reader(reply).line()
    reply.close()


load()
SESSION.close()
