# cause: F
# report: psf/requests #7045
# environment: niquests
# library: niquests
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: niquests.Session
# held_by: __main__.SESSION | Session
"""The server closes an idle connection; nobody looks until the next request."""

import gc
import select
import socket
import sys

import niquests

SESSION = niquests.Session()  # made here
SESSION.get(sys.argv[1] + "close", timeout=5)  # opened here
sockets = [one for one in gc.get_objects() if isinstance(one, socket.socket)]
(connected,) = [one for one in sockets if one.fileno() >= 0]
assert select.select([connected], [], [], 5)[0]
del sockets, connected
