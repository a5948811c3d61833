# cause: C
# report: google-auth #658
# library: requests
# connections: 2
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.AUTH | Renewing.session | Session
"""What authenticates a session has one of its own, out of reach of `close()`."""

import sys

import requests


class Renewing(requests.auth.AuthBase):
    def __init__(self, url: str) -> None:
        self.session = requests.Session()  # made here
        self.url = url

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.session.get(self.url, timeout=5).json()  # opened here
        request.headers["Authorization"] = f"Bearer {token['access_token']}"
        return request


AUTH = Renewing(sys.argv[1] + "token")
with requests.Session() as session:
    session.auth = AUTH
    assert session.get(sys.argv[1], timeout=5).ok
