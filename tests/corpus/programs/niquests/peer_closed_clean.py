# environment: niquests
# connections: 1
"""The session is closed."""

import gc
import select
import socket
import sys

import niquests

SESSION = niquests.Session()
SESSION.get(sys.argv[1] + "close", timeout=5)
sockets = [one for one in gc.get_objects() if isinstance(one, socket.socket)]
(connected,) = [one for one in sockets if one.fileno() >= 0]
assert select.select([connected], [], [], 5)[0]
SESSION.close()
