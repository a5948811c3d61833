# connections: 3
"""The old session is closed before the new one takes its place."""

import sys

import requests


class Api:
    def __init__(self) -> None:
        self.session = requests.Session()

    def connect(self) -> None:
        self.session.close()
        self.session = requests.Session()

    def load(self) -> None:
        self.session.get(sys.argv[1], timeout=5)


API = Api()
for _ in range(3):
    API.connect()
    API.load()
API.session.close()
