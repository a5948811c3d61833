# needs: primp
# connections: 1
"""A client in Rust that tells the server to close, since it cannot do so itself."""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import primp


@lru_cache
def client() -> primp.Client:
    return primp.Client(headers={"Connection": "close"})


def fetch(url: str) -> bytes:
    return client().get(f"{url}slow/0.3").content


with ThreadPoolExecutor(1) as pool:
    assert pool.submit(fetch, sys.argv[1]).result() == b"at last"
