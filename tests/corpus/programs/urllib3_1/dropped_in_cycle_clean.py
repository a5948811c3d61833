# environment: urllib3-1
# connections: 1
"""The session is closed before both are forgotten."""

import gc
import sys

import requests

gc.disable()


class Client:
    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.hooks["response"].append(self.seen)

    def seen(self, reply: requests.Response, **_: object) -> None:
        self.status = reply.status_code


def main() -> None:
    client = Client()
    try:
        client.session.get(sys.argv[1], timeout=5)
    finally:
        client.session.close()


main()
