# connections: 1
"""It is read to its end."""

import http.client
import sys
from urllib.parse import urlsplit

CONNECTION = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=5)
CONNECTION.request("GET", "/bytes/1000000")
REPLY = CONNECTION.getresponse()
assert len(REPLY.read()) == 1000000
CONNECTION.close()
