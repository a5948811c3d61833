# cause: A
# report: kubernetes-client/python #1158
# library: httpx
# connections: 2
# leaks: 2
# kind: orphan
# owner: acme.Client
"""An SDK's client made for each call, and dropped: its session is freed with it."""

import gc
import sys
import tempfile
from pathlib import Path

SDK = """
import httpx


class Client:
    def __init__(self, url):
        self._url = url
        self._http = httpx.Client()

    def reconnect(self):
        self._http = httpx.Client()

    def fetch(self):
        return self._http.get(self._url).status_code

    def close(self):
        self._http.close()
"""

gc.disable()
HOME = tempfile.TemporaryDirectory()
SITE = Path(HOME.name) / "site-packages"
SITE.mkdir()
(SITE / "acme.py").write_text(SDK)
sys.path.insert(0, str(SITE))

import acme


def fetch(url: str) -> int:
    client = acme.Client(url)  # made here
    return client.fetch()  # opened here


for _ in range(2):
    assert fetch(sys.argv[1]) == 200
