# cause: E
# report: pygqlc #75
# library: requests
# connections: 3
# leaks: 2
# kind: unclosed
# owner: requests.Session
# held_by: __main__.API | Api.history[0] | Session
"""A reconnect puts a new session in the old one's place, and does not close that."""

import sys

import requests


class Api:
    def __init__(self) -> None:
        self.history = []
        self.session = None

    def connect(self) -> None:
        self.history.append(self.session)
        self.session = requests.Session()  # made here

    def load(self) -> None:
        self.session.get(sys.argv[1], timeout=5)  # opened here


API = Api()
for _ in range(3):
    API.connect()
    API.load()
API.history = API.history[1:]
API.session.close()
