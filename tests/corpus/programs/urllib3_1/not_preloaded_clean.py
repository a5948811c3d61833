# environment: urllib3-1
# connections: 1
"""The reply is drained and released, the pool closed."""

import sys
from urllib.parse import urlsplit

import urllib3

url = urlsplit(sys.argv[1])
with urllib3.HTTPConnectionPool(url.hostname, url.port) as pool:
    reply = pool.urlopen("GET", "/bytes/500000", preload_content=False)
    reply.read(10)
    reply.drain_conn()
    reply.release_conn()
