# cause: A
# report: docker-py #2766
# library: urllib3
# connections: 1
# leaks: 1
# kind: unclosed
# owner: urllib3.ProxyManager
# held_by: __main__.MANAGER | ProxyManager
"""A manager of connections to a proxy."""

import sys

import urllib3

MANAGER = urllib3.ProxyManager(sys.argv[1])  # made here
reply = MANAGER.request("GET", "http://shop.invalid/")  # opened here
assert reply.status == 200
