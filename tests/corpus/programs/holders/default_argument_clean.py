# connections: 1
"""A session as a default argument, made once when the function was defined."""

import sys

import requests


def load(url: str, *, session: requests.Session) -> int:
    return session.get(url, timeout=5).status_code


with requests.Session() as own:
    assert load(sys.argv[1], session=own) == 200
