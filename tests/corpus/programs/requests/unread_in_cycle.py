# cause: G
# report: anthropic-sdk-python #150
# library: requests
# connections: 1
# leaks: 1
# kind: unread
# also: unclosed
# owner: requests.Session
# held_by: a cycle that nothing else reaches | Response.reader | bound method Reader.line() | Reader.reply | Response.raw … | HTTPResponse
"""A reply and its reader hold each other, and wait for the collector."""

import gc
import sys

import requests

gc.disable()
SESSION = requests.Session()  # made here


class Reader:
    def __init__(self, reply: requests.Response) -> None:
        self.reply = reply
        self.reply.reader = self.line

    def line(self) -> bytes:
        return next(self.reply.iter_content(16))


def load() -> None:
    reply = SESSION.get(sys.argv[1] + "bytes/1000000", stream=True, timeout=5)  # opened here
    Reader(reply).line()


load()
