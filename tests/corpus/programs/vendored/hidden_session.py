# cause: C
# report: azure-identity #36959
# library: httpx
# connections: 2
# leaks: 1
# kind: unclosed
# owner: acme.Credential
# held_by: __main__.CREDENTIAL | Credential._session | Client
"""Closing an SDK's client does not close the credential that the user gave it."""

import gc
import sys
import tempfile
from pathlib import Path

SDK = """
import httpx


class Credential:
    def __init__(self):
        self._session = None

    def token(self, url):
        if self._session is None:
            self._session = httpx.Client()
        return self._session.get(f"{url}token").json()["access_token"]

    def close(self):
        if self._session is not None:
            self._session.close()


class Client:
    def __init__(self, url, credential):
        self._url = url
        self._credential = credential
        self._http = httpx.Client()

    def fetch(self):
        token = self._credential.token(self._url)
        headers = {"authorization": f"Bearer {token}"}
        return self._http.get(self._url, headers=headers).status_code

    def close(self):
        self._http.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
"""

gc.disable()
HOME = tempfile.TemporaryDirectory()
SITE = Path(HOME.name) / "site-packages"
SITE.mkdir()
(SITE / "acme.py").write_text(SDK)
sys.path.insert(0, str(SITE))

import acme

CREDENTIAL = acme.Credential()
with acme.Client(sys.argv[1], CREDENTIAL) as client:
    assert client.fetch() == 200  # opened here
