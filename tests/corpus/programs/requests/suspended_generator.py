# cause: B
# report: mistralai/client-python #532
# library: requests
# connections: 1
# leaks: 1
# kind: unread
# also: unclosed
# owner: requests.Session
"""A `with` block in a generator that nobody runs to its end."""

import sys
from collections.abc import Iterator

import requests

SESSION = requests.Session()  # made here


def chunks(path: str) -> Iterator[bytes]:
    url = sys.argv[1] + path
    with SESSION.get(url, stream=True, timeout=5) as reply:  # opened here
        yield from reply.iter_content(16)


CHUNKS = chunks("stream")
for chunk in CHUNKS:
    break
