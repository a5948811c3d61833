# connections: 2
"""Whoever made it closes it."""

import sys

import requests


class Renewing(requests.auth.AuthBase):
    def __init__(self, url: str) -> None:
        self.session = requests.Session()
        self.url = url

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.session.get(self.url, timeout=5).json()
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request


AUTH = Renewing(sys.argv[1] + "token")
with requests.Session() as session:
    session.auth = AUTH
    assert session.get(sys.argv[1], timeout=5).ok
AUTH.session.close()
