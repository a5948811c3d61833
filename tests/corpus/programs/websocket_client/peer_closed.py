# cause: F
# report: kiro-gateway #38
# library: websocket-client
# server: websocket
# needs: websocket websockets
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: websocket.WebSocket
# held_by: __main__.SOCKET | WebSocket
"""A websocket that the server left, and that nobody reads any more."""

import select
import sys

import websocket

URL = f"ws://{sys.argv[2]}/"
SOCKET = websocket.create_connection(URL)  # made here
SOCKET.send("drop")
poll = select.poll()
poll.register(SOCKET.fileno(), select.POLLRDHUP)
assert poll.poll(5000)
