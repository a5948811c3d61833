# cause: F
# report: psf/requests #7045
# environment: urllib3-1
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: requests.Session
# held_by: __main__.SESSION | Session
"""The server closes an idle connection; nobody looks until the next request."""

import select
import socket
import sys

import requests

SESSION = requests.Session()  # made here
SESSION.get(sys.argv[1] + "close", timeout=5)  # opened here
(pool,) = SESSION.get_adapter(sys.argv[1]).poolmanager.pools._container.values()
connection = pool.pool.queue[-1]
select.select([connection.sock], [], [], 5)
assert connection.sock.recv(1, socket.MSG_PEEK) == b""
del pool, connection
