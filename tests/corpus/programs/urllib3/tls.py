# cause: A
# report: elasticsearch-py #2349
# server: https
# needs: trustme
# library: urllib3
# connections: 1
# leaks: 1
# kind: unclosed
# owner: urllib3.HTTPSConnectionPool
# requests: 2
# held_by: __main__.POOL | HTTPSConnectionPool
"""A pool of TLS connections, used by itself."""

import sys
import warnings

import urllib3

warnings.simplefilter("ignore")
HOST, _, PORT = sys.argv[2].partition(":")


def make() -> urllib3.HTTPSConnectionPool:
    return urllib3.HTTPSConnectionPool(HOST, int(PORT), cert_reqs="CERT_NONE")  # made here


POOL = make()
assert POOL.request("GET", "/").status == 200  # opened here
assert POOL.request("GET", "/").status == 200  # used here
