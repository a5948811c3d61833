# cause: C
# report: psf/requests #5002
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: an exit handler, or C code | closure of start(): 'session' | Session
"""An exit handler that tells of a session, and does not close it."""

import atexit
import sys

import requests


def start() -> None:
    session = requests.Session()  # made here
    assert session.get(sys.argv[1], timeout=5).status_code == 200  # opened here
    atexit.register(lambda: print("cookies", len(session.cookies)))


start()
