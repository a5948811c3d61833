# cause: A
# report: psf/requests #5002
# connections: 1
# leaks: 1
# kind: unclosed
# owner: __main__.ApiSession
# held_by: __main__.API | ApiSession
"""A session class of the user's own is what the user closes."""

import sys

import requests


class ApiSession(requests.Session):
    def request(self, method: str, url: str, **options: object) -> requests.Response:
        options.setdefault("timeout", 5)
        return super().request(method, url, **options)  # opened here


API = ApiSession()  # made here
assert API.get(sys.argv[1]).ok
