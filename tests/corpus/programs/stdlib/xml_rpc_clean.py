# connections: 1
"""A `with` block closes it."""

import sys
import xmlrpc.client

PROXY = xmlrpc.client.ServerProxy(sys.argv[1] + "RPC2")
with PROXY:
    assert PROXY.answer() == 7
    assert PROXY.answer() == 7
