# connections: 2
"""An SDK's client that connects again closes the session that it had."""

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
        self._http.close()
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


client = acme.Client(sys.argv[1])
assert client.fetch() == 200
client.reconnect()
assert client.fetch() == 200
client.close()
