# connections: 1
"""The same in a block."""

import sys

import requests


class ApiSession(requests.Session):
    def request(self, method: str, url: str, **options: object) -> requests.Response:
        options.setdefault("timeout", 5)
        return super().request(method, url, **options)


with ApiSession() as api:
    assert api.get(sys.argv[1]).ok
