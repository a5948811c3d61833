# connections: 1
"""The class closes what it has."""

import sys

import requests


class Api:
    session = requests.Session()

    def load(self, path: str) -> int:
        url = sys.argv[1] + path
        return self.session.get(url, timeout=5).status_code


assert [Api().load(path) for path in ("a", "b")] == [200, 200]
Api.session.close()
