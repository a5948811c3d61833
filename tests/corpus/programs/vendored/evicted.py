# cause: H
# report: litellm #15832
# library: httpx
# connections: 3
# leaks: 2
# kind: orphan
# owner: httpx.Client
"""An SDK has a cache of clients, and evicts without closing."""

import gc
import sys
import tempfile
from pathlib import Path

SDK = """
import httpx

CLIENTS = {}


def complete(url, tenant):
    if tenant not in CLIENTS:
        if len(CLIENTS) == 1:
            evict()
        CLIENTS[tenant] = httpx.Client()
    return CLIENTS[tenant].get(url).json()["ok"]


def evict():
    CLIENTS.popitem()


def close():
    while CLIENTS:
        CLIENTS.popitem()[1].close()
"""

gc.disable()
HOME = tempfile.TemporaryDirectory()
SITE = Path(HOME.name) / "site-packages"
SITE.mkdir()
(SITE / "acme.py").write_text(SDK)
sys.path.insert(0, str(SITE))

import acme

for name in ("blue", "green", "red"):
    assert acme.complete(sys.argv[1], name)  # made here
acme.close()
