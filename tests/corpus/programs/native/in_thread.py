# cause: H
# library: socket
# needs: primp
# connections: 1
# leaks: 1
# kind: unclosed
# inferred: yes
"""A client in Rust, used by a thread while the main one waits for it."""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import primp


@lru_cache
def client() -> primp.Client:
    return primp.Client()


def fetch(url: str) -> bytes:
    return client().get(f"{url}slow/0.3").content  # opened here


with ThreadPoolExecutor(1) as pool:
    assert pool.submit(fetch, sys.argv[1]).result() == b"at last"
