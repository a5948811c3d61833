# cause: C
# report: azure-identity #36959
# library: requests
# connections: 2
# leaks: 1
# kind: unclosed
# owner: acme_store.Uploader
# held_by: __main__.STORE | Store._uploader | Uploader._session | Session
"""An installed SDK's `close()` forgets the second session, which it makes when needed."""

import importlib
import sys
import tempfile
from pathlib import Path

SDK = """
import requests


class Uploader:
    def __init__(self, url):
        self._url, self._session = url, requests.Session()

    def put(self, data):
        return self._session.put(self._url, data=data, timeout=5).status_code

    def close(self):
        self._session.close()


class Store:
    def __init__(self, url):
        self._url, self._session = url, requests.Session()
        self._uploader = None

    def get(self):
        return self._session.get(self._url, timeout=5).status_code

    def put(self, data):
        if self._uploader is None:
            self._uploader = Uploader(self._url)
        return self._uploader.put(data)

    def close(self):
        self._session.close()
"""

with tempfile.TemporaryDirectory() as folder:
    packages = Path(folder, "site-packages")
    packages.mkdir()
    (packages / "acme_store.py").write_text(SDK, encoding="utf-8")
    sys.path.insert(0, str(packages))
    acme_store = importlib.import_module("acme_store")

STORE = acme_store.Store(sys.argv[1])
assert STORE.get() == 200
assert STORE.put(b"x") == 200  # opened here
STORE.close()
