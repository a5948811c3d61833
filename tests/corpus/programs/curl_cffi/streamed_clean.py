# needs: curl_cffi
# connections: 2
"""Streamed replies, read in blocks, of a session that is closed."""

import sys

from curl_cffi import requests

for _ in range(2):
    with (
        requests.Session() as session,
        session.stream("GET", f"{sys.argv[1]}bytes/100000") as reply,
    ):
        assert sum(map(len, reply.iter_content())) == 100_000
