# connections: 1
"""The generator is closed when enough was seen."""

import sys
from collections.abc import Iterator

import requests

SESSION = requests.Session()


def chunks(path: str) -> Iterator[bytes]:
    url = sys.argv[1] + path
    with SESSION.get(url, stream=True, timeout=5) as reply:
        yield from reply.iter_content(16)


CHUNKS = chunks("stream")
for chunk in CHUNKS:
    break
CHUNKS.close()
SESSION.close()
