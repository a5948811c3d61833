# server: https
# needs: trustme
# connections: 2
"""The pool is closed, or dropped."""

import sys
import warnings

import urllib3

warnings.simplefilter("ignore")
HOST, _, PORT = sys.argv[2].partition(":")


def make() -> urllib3.HTTPSConnectionPool:
    return urllib3.HTTPSConnectionPool(HOST, int(PORT), cert_reqs="CERT_NONE")


assert make().request("GET", "/").status == 200
POOL = make()
assert POOL.request("GET", "/").status == 200
assert POOL.request("GET", "/").status == 200
POOL.close()
