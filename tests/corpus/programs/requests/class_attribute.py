# cause: A
# report: kubernetes-client/python #1158
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# requests: 2
# held_by: __main__.Api.session | Session
"""A session that is made with the class, and belongs to no object."""

import sys

import requests


class Api:
    session = requests.Session()  # made here

    def load(self, path: str) -> int:
        url = sys.argv[1] + path
        return self.session.get(url, timeout=5).status_code  # opened here


assert [Api().load(path) for path in ("a", "b")] == [200, 200]
