# connections: 3
"""An SDK has a cache of clients, and closes what it evicts."""

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
    CLIENTS.popitem()[1].close()


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
    assert acme.complete(sys.argv[1], name)
acme.close()
