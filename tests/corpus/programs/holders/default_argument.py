# cause: A
# report: psf/requests #5002
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.load | default 'session' of load() | Session
"""A session as a default argument, made once when the function was defined."""

import sys

import requests


def load(url: str, *, session: requests.Session = requests.Session()) -> int:  # made here
    return session.get(url, timeout=5).status_code  # opened here


assert load(sys.argv[1]) == 200
