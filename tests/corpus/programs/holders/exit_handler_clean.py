# connections: 1
"""An exit handler that tells of a session, and does not close it."""

import atexit
import sys

import requests


def start() -> None:
    session = requests.Session()
    assert session.get(sys.argv[1], timeout=5).status_code == 200
    atexit.register(lambda: session.close())


start()
