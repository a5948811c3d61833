# cause: A
# report: langchain #38610
# library: stdlib
# connections: 1
# leaks: 1
# kind: unclosed
# owner: xmlrpc.client.ServerProxy
# requests: 2
# held_by: __main__.PROXY | ServerProxy
"""A proxy keeps its connection for the next call."""

import sys
import xmlrpc.client

PROXY = xmlrpc.client.ServerProxy(sys.argv[1] + "RPC2")  # made here
assert PROXY.answer() == 7  # opened here
assert PROXY.answer() == 7  # used here
