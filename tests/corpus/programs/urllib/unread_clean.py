# connections: 2
"""A reply of `urlopen` is a block; one read to its end closes itself."""

import sys
from urllib.request import urlopen

with urlopen(sys.argv[1] + "bytes/1000000", timeout=5) as reply:
    assert reply.status == 200
other = urlopen(sys.argv[1], timeout=5)
other.read()
