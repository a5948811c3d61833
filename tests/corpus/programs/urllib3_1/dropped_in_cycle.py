# cause: G
# report: urllib3 #3082
# environment: urllib3-1
# library: requests
# connections: 1
# leaks: 1
# kind: orphan
# owner: requests.Session
# held_by: a cycle that nothing else reaches | Client.session | Session.hooks['response'][0] | bound method Client.seen() | Client
"""A client and its session hold each other, and both are forgotten."""

import gc
import sys

import requests

gc.disable()


class Client:
    def __init__(self) -> None:
        self.session = requests.Session()  # made here
        self.session.hooks["response"].append(self.seen)

    def seen(self, reply: requests.Response, **_: object) -> None:
        self.status = reply.status_code


def main() -> None:
    client = Client()
    client.session.get(sys.argv[1], timeout=5)  # opened here


main()
