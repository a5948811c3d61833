# cause: B
# report: docker-py #2766
# environment: urllib3-1
# library: urllib3
# connections: 1
# leaks: 1
# kind: unread
# owner: urllib3.HTTPConnectionPool
# held_by: __main__.REPLY | HTTPResponse._fp | HTTPResponse
"""A reply that is not preloaded, and not released."""

import sys
from urllib.parse import urlsplit

import urllib3

POOL = urllib3.HTTPConnectionPool(  # made here
    urlsplit(sys.argv[1]).netloc.split(":")[0], int(urlsplit(sys.argv[1]).port)
)
REPLY = POOL.urlopen("GET", "/bytes/500000", preload_content=False)  # opened here
REPLY.read(10)
